import type { TopicMetadata } from "../../shared/api/metadata.ts";
import type { ConfigChanges, CreateTopicRequest, DeleteTopicAnswer } from "../../shared/api/topics.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { settingsOf, type Env } from "../env.ts";
import type { IngestRule, IngestTerms } from "../ingest/ingest-rule.ts";
import { log, setLogLevel, thrownFields } from "../log.ts";
import type { Report } from "../metrics/report.ts";
import { TotalsStore } from "../metrics/totals-store.ts";
import { attempt, type Outcome } from "../outcome.ts";
import { partitionId } from "../partition/partition-name.ts";
import type { PartitionAddress } from "../partition/partition-port.ts";
import { edgeQuotas } from "../quota/edge-quotas.ts";
import { systemClock, systemRandom } from "../system-ports.ts";
import { GroupsObject } from "./groups-object.ts";
import { IngestKeys } from "./ingest-keys.ts";
import { PartitionLedger } from "./partition-ledger.ts";
import { RetryAlarm } from "./retry-alarm.ts";
import { TopicChanges, type PartitionObjects } from "./topic-changes.ts";
import { TopicOwners } from "./topic-owners.ts";
import { TopicRegistry, type CreatedTopic, type TopicGrowth, type TopicListingAnswer } from "./topic-registry.ts";
import type { TopicState } from "../topic-state.ts";

/** On whose behalf a topic is made or grows. */
export interface Creator {
  readonly principal: string;
  /** False: of those that no quota binds. */
  readonly isBound: boolean;
}

/**
 * One per namespace: its topics. A shell: a change is one synchronous step that also arms the alarm; then partitions
 * are told of it in the same call, and by the alarm for as long as some were not reached.
 */
export class ControllerObject extends GroupsObject {
  readonly #topics: TopicRegistry;
  readonly #metrics: TotalsStore;
  readonly #ledger: PartitionLedger;
  readonly #changes: TopicChanges;
  readonly #alarm: RetryAlarm;
  readonly #ingestKeys: IngestKeys;
  readonly #owners: TopicOwners;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    setLogLevel(env.STRANDLINE_LOG_LEVEL);
    const { storage } = state;
    this.#metrics = new TotalsStore(storage, systemClock);
    this.#topics = new TopicRegistry(storage.sql, systemClock, systemRandom);
    this.#ledger = new PartitionLedger(storage.sql);
    this.#ingestKeys = new IngestKeys(storage.sql, this.#topics, systemClock, systemRandom);
    this.#owners = new TopicOwners(storage.sql);
    this.#changes = new TopicChanges({
      registry: this.#topics,
      ledger: this.#ledger,
      objects: partitionObjects(env),
      failed: told,
    });
    this.#alarm = new RetryAlarm(
      {
        get: async () => await storage.getAlarm(),
        set: async (at) => await storage.setAlarm(at),
        delete: async () => await storage.deleteAlarm(),
      },
      systemClock,
    );
    if (this.#changes.isPending())
      void state.blockConcurrencyWhile(async () => await this.#alarm.restore().catch(told));
  }

  createTopic(request: CreateTopicRequest, by: Creator | null = null): Outcome<CreatedTopic> {
    return attempt(() => this.#create(request, by));
  }

  async alterTopic(name: string, changes: ConfigChanges): Promise<Outcome<TopicMetadata>> {
    const topicId = this.#change(() => this.#topics.alter(name, changes));
    if (!topicId.ok) return topicId;
    await this.#round(topicId.value);
    return attempt(() => this.#demandId(topicId.value));
  }

  /**
   * In two phases, or records of one key would stand in two partitions without anything to tell their order: first
   * every partition hears of the growth and remembers where, then the new count is published. What this call does not
   * come to, since a partition cannot be reached or there are too many, is the alarm's.
   */
  async growTopic(name: string, partitionCount: number, by: Creator | null = null): Promise<Outcome<TopicGrowth>> {
    const topicId = this.#change(() => {
      if (by?.isBound === true) this.#demandRoomToGrow(name, partitionCount);
      return this.#topics.beginGrowth(name, partitionCount);
    });
    if (!topicId.ok) return topicId;
    await this.#round(topicId.value);
    return attempt(() => {
      const topic = this.#demandId(topicId.value);
      const growingTo = this.#topics.byId(topicId.value)?.growingTo ?? null;
      return { topic, growingTo, waitsFor: growingTo === null ? [] : this.#changes.waitingFor(topicId.value) };
    });
  }

  /** The name is free at once. */
  async deleteTopic(name: string): Promise<Outcome<DeleteTopicAnswer>> {
    const deleted = this.#change(() => {
      const { topicId, config } = this.#topics.demand(name).metadata;
      this.#topics.remove(topicId);
      this.#ingestKeys.removeOf(topicId);
      this.#owners.disown(topicId);
      this.#ledger.release(topicId, config["jurisdiction"] ?? null);
      return { name, topicId };
    });
    if (deleted.ok) {
      this.#metrics.forgetTopic(deleted.value.topicId);
      await this.#round(deleted.value.topicId);
    }
    return deleted;
  }

  /** Those that are named and exist; `create` makes the others. Null: all. */
  topics(names: readonly string[] | null, create: boolean, by: Creator | null = null): Outcome<TopicMetadata>[] {
    if (names === null) return this.#topics.all().map(({ metadata }) => ({ ok: true, value: metadata }));
    return names.flatMap((name) => {
      const known = this.#topics.byName(name);
      if (known !== null) return [{ ok: true as const, value: known.metadata }];
      return create ? [attempt(() => this.#create({ name }, by).topic)] : [];
    });
  }

  /** All topics, for those who look for names. Topics null: they are as they were at `known`. */
  topicListing(known: number | null): TopicListingAnswer {
    const revision = this.#topics.listingRevision();
    if (revision === known) return { revision, topics: null };
    return { revision, topics: this.#topics.all().map(({ metadata }) => metadata) };
  }

  topicById(topicId: string): TopicMetadata | null {
    return this.#topics.byId(topicId)?.metadata ?? null;
  }

  bornPartitions(topicId: string): number[] {
    return this.#ledger.bornOf(topicId);
  }

  /** From partitions and Workers, now and then. What a partition of a deleted topic still tells, nobody would forget again. */
  report(report: Report): void {
    if ("topicId" in report && this.#topics.byId(report.topicId) === null) return;
    this.#metrics.hear(report);
  }

  createIngestKey(topic: string, terms: IngestTerms): Outcome<IngestRule> {
    return attempt(() => this.#ingestKeys.create(topic, terms));
  }

  ingestKey(id: string): IngestRule | null {
    return this.#ingestKeys.find(id);
  }

  ingestKeys(): IngestRule[] {
    return this.#ingestKeys.all();
  }

  alterIngestKey(id: string, changes: Partial<IngestTerms>): Outcome<IngestRule> {
    return attempt(() => this.#ingestKeys.alter(id, changes));
  }

  removeIngestKey(id: string): void {
    this.#ingestKeys.remove(id);
  }

  /** What was reported, as Prometheus reads it. */
  metrics(): string {
    return this.#metrics.text();
  }

  /**
   * A partition object that holds nothing yet asks whether it should exist. It is written down before it is told, also
   * for one of a growth that is not published yet: its first record stands behind all that was there.
   */
  confirmPartition(address: PartitionAddress): TopicState | null {
    const { topicId, partition } = address;
    const topic = this.#topics.byId(topicId);
    if (topic === null || !Number.isInteger(partition) || partition < 0) return null;
    if (partition >= (topic.growingTo ?? topic.metadata.partitionCount)) return null;
    this.#ledger.born(address, topic.state.revision);
    return topic.state;
  }

  /** From a Worker whose reader waits for a partition that has not heard of a growth. Wakes what an alarm that was lost did not. */
  async remindPartition(topicId: string, partition: number): Promise<void> {
    await this.#changes.remind(topicId, partition);
  }

  override async alarm(): Promise<void> {
    this.#alarm.fired();
    await this.#round(null);
  }

  #create(request: CreateTopicRequest, by: Creator | null): CreatedTopic {
    const { jurisdiction } = request.config ?? {};
    const partitionCount = request.partitionCount ?? settingsOf(this.env).defaultPartitions;
    if (jurisdiction === "eu" || jurisdiction === "fedramp") demandJurisdiction(this.env, jurisdiction);
    return this.ctx.storage.transactionSync(() => {
      // What is there already takes no room, and is answered as such.
      if (by?.isBound === true && this.#topics.byName(request.name) === null)
        this.#demandRoom(by.principal, { topics: 1, partitions: partitionCount });
      const created = this.#topics.create({ ...request, partitionCount });
      if (by !== null && created.created) this.#owners.own(by.principal, created.topic.topicId ?? "");
      return created;
    });
  }

  /** Partitions are counted with the topic: as its creator's. */
  #demandRoomToGrow(name: string, partitionCount: number): void {
    const { metadata, growingTo } = this.#topics.demand(name);
    const owner = this.#owners.ownerOf(metadata.topicId);
    if (owner === null) return;
    this.#demandRoom(owner, { topics: 0, partitions: partitionCount - (growingTo ?? metadata.partitionCount) });
  }

  #demandRoom(principal: string, more: { readonly topics: number; readonly partitions: number }): void {
    const quotas = this.quotas.of(principal, edgeQuotas(this.env));
    if (quotas !== null) this.#owners.demandRoom(principal, quotas, more);
  }

  /**
   * All of it or nothing, and where it leaves something to be told, the alarm is set in the same turn: both are
   * committed as one. Also where it is reported as failed: it may have happened.
   */
  #change<Value>(step: () => Value): Outcome<Value> {
    return attempt(() => {
      try {
        return this.ctx.storage.transactionSync(step);
      } finally {
        if (this.#changes.isPending()) this.ctx.waitUntil(this.#alarm.guard().catch(told));
      }
    });
  }

  /** Never throws: what fails is pending, and the alarm goes on with it. */
  async #round(topicId: string | null): Promise<void> {
    let failed = true;
    try {
      failed = (await this.#changes.round(topicId)) === "failed";
    } catch (error) {
      told(error);
    }
    await this.#rearm(failed).catch(told);
  }

  /** What there were too many of for one round waits for nothing but the next. */
  async #rearm(failed: boolean): Promise<void> {
    let failures = 0;
    try {
      const pending = this.#changes.isPending();
      failures = pending && failed ? this.#ledger.failures + 1 : 0;
      this.#ledger.failures = failures;
      if (!pending) return await this.#alarm.rest();
    } catch (error) {
      told(error);
    }
    return await this.#alarm.backOff(failures);
  }

  #demandId(topicId: string): TopicMetadata {
    const topic = this.topicById(topicId);
    if (topic !== null) return topic;
    throw new StrandlineError("UNKNOWN_TOPIC_OR_PARTITION", `the topic ${topicId} was deleted meanwhile`, { topicId });
  }
}

function partitionObjects({ PARTITION }: Env): PartitionObjects {
  return {
    adopt: async (address, topic) => await PARTITION.get(partitionId(PARTITION, address)).adopt(address, topic),
    destroy: async (address) => await PARTITION.get(partitionId(PARTITION, address)).destroy(address),
  };
}

/** Asked at creation: a topic whose partitions can never be reached would be of no use. */
function demandJurisdiction({ PARTITION }: Env, jurisdiction: DurableObjectJurisdiction): void {
  try {
    PARTITION.jurisdiction(jurisdiction);
  } catch {
    const said = `jurisdiction = ${jurisdiction}: this runtime keeps data in no jurisdiction, Cloudflare's network does`;
    throw new StrandlineError("UNSUPPORTED_OPERATION", said, { config: "jurisdiction", value: jurisdiction });
  }
}

function told(error: unknown): void {
  log.warn("the controller goes on later", thrownFields(error));
}
