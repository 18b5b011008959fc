/** An edge in memory: the product's operations, answers and errors, over partitions whose faults a test owns. */
import { EVERYTHING, type Access } from "../../edge/access/access.ts";
import { Standing } from "../../edge/access/standing.ts";
import { NO_RULES } from "../../edge/access/rules.ts";
import { ANYBODY } from "../../edge/auth/caller.ts";
import { statusOf } from "../../edge/http-error.ts";
import { meteredPartition } from "../../edge/metered-partition.ts";
import { fetchPartitions } from "../../edge/operations/fetch.ts";
import { metadata } from "../../edge/operations/metadata.ts";
import type { ControllerPort, EdgePorts, TopicLookup } from "../../edge/operations/ports.ts";
import { produce } from "../../edge/operations/produce.ts";
import { reconcile } from "../../edge/operations/reconcile.ts";
import { createTopic } from "../../edge/operations/topics.ts";
import { attempt } from "../../edge/outcome.ts";
import { createTopicRequest, demand, fetchRequest, parseJson, reconcileRequest } from "../../edge/schemas.ts";
import type { PrincipalMeter } from "../../edge/quota/principal-meter.ts";
import { NO_QUOTA, RequestQuota } from "../../edge/quota/request-quota.ts";
import { TailSession, type ClientSocket } from "../../edge/tail/tail-session.ts";
import { TopicCache } from "../../edge/topic-cache.ts";
import type { TopicConfig, TopicMetadata } from "../../shared/api/metadata.ts";
import type { TopicId } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { bytesOf } from "../../shared/utf8.ts";
import type { TransportRequest, TransportResponse } from "../../client/sync/transport.ts";
import { valuesOf } from "../client/log/log-fixture.ts";
import { deletedPartition } from "./deleted-partition.ts";
import { MemoryPartition } from "./memory-partition.ts";

const RECONCILE = /^\/v1\/topics\/([^/]+)\/partitions\/(\d+)\/reconcile$/;

export class SimulatedEdge {
  readonly #clock: Clock;
  readonly #partitions = new Map<string, MemoryPartition>();
  readonly #topics = new Map<string, TopicMetadata>();
  readonly #controller: ControllerPort;
  readonly #lookup: TopicLookup;
  #topicsMade = 0;
  /** What the caller may do. */
  access: Access = EVERYTHING;
  caller = { namespace: "default", principal: "anonymous" };
  /** Of topics that nobody made by hand. */
  partitionCount = 1;
  autoCreateTopics = true;
  /** How long a tail's socket may live. */
  tailMs = 600_000;
  /** Of the caller; null: no quota binds it. */
  meter: PrincipalMeter | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#controller = this.#controllerPort();
    this.#lookup = new TopicCache(clock).lookup(this.#controller, () => undefined);
  }

  get #ports(): EdgePorts {
    const quota = this.meter === null ? NO_QUOTA : new RequestQuota(this.caller.principal, this.meter);
    quota.admit("request_rate");
    quota.charge("request_rate", 1);
    return {
      caller: { ...ANYBODY, ...this.caller },
      access: this.access,
      quota,
      standing: new Standing({ bearer: ANYBODY, clock: this.#clock, rules: NO_RULES, ask: null }),
      revocations: { all: nobody, add: nobody, remove: nobody },
      restConsumer: noGroups,
      groups: { of: noGroups, names: nobody, topics: nobody, memberIdOf: nobody, isOwnMemberId: nobody },
      ingestKeys: { create: nobody, find: nobody, all: nobody, alter: nobody, remove: nobody, text: nobody },
      issueTicket: nobody,
      announceDevice: nobody,
      autoCreateTopics: this.autoCreateTopics,
      controller: this.#controller,
      topics: this.#lookup,
      clock: this.#clock,
      streamMs: this.tailMs,
      refused: () => undefined,
      background: (work) => void work,
      openTail: async ({ topic: { topicId }, partition, request }, listener) =>
        await Promise.resolve(this.#partition(topicId, partition).openTail(request, listener)),
      newSessionId: () => "unnamed",
      partition: ({ topicId, name }, partition) =>
        this.#topics.get(name)?.topicId === topicId
          ? meteredPartition(this.#partition(topicId, partition), quota)
          : deletedPartition(topicId, () => this.#lookup.forget(topicId)),
    };
  }

  openTailSession(client: ClientSocket, signal: AbortSignal): TailSession {
    const session = new TailSession({ ports: this.#ports, client, clock: this.#clock });
    void session.run({ lifetimeMs: this.tailMs, signal });
    return session;
  }

  /** A topic of an old name is another topic. */
  makeTopic(name: string, partitionCount: number, config: TopicConfig = {}): TopicMetadata {
    this.#topicsMade += 1;
    const topicId = `00000000-0000-4000-8000-${String(this.#topicsMade).padStart(12, "0")}` as TopicId;
    const topic = { name, error: null, topicId, partitionCount, config };
    this.#topics.set(name, topic);
    return topic;
  }

  /** The same topic, with more partitions. */
  growTopic(name: string, partitionCount: number): void {
    const topic = this.#topics.get(name);
    if (topic !== undefined) this.#topics.set(name, { ...topic, partitionCount });
  }

  /** `orders-0`. Made where the topic is not there yet. */
  partition(place: string): MemoryPartition {
    const [name = "", partition] = place.split("-");
    const topic = this.#topics.get(name) ?? this.makeTopic(name, this.partitionCount);
    return this.#partition(topic.topicId ?? "", Number(partition));
  }

  get partitions(): readonly MemoryPartition[] {
    return [...this.#partitions.values()];
  }

  /** The values of a partition's log, in order. */
  log(place: string): string {
    return this.partition(place)
      .log.map((batch) => valuesOf(batch.bytes))
      .join(" ");
  }

  async handle(request: TransportRequest): Promise<TransportResponse> {
    try {
      return { status: 200, body: await this.#route(request) };
    } catch (thrown) {
      if (!(thrown instanceof StrandlineError)) throw thrown;
      return { status: statusOf(thrown.code), body: json({ error: thrown.toBody() }) };
    }
  }

  async #route({ method, path, body }: TransportRequest): Promise<Uint8Array<ArrayBuffer>> {
    const url = new URL(path, "http://edge.test");
    const bytes = typeof body === "string" ? bytesOf(body) : (body ?? new Uint8Array());
    switch (`${method} ${url.pathname}`) {
      case "POST /v1/produce":
        return json((await produce(this.#ports, bytes.slice())).answer);
      case "POST /v1/fetch":
        return await fetchPartitions(this.#ports, demand(fetchRequest, parseJson(bytes), "the body"));
      case "GET /v1/metadata": {
        const names = url.searchParams.get("topics");
        const create = url.searchParams.get("create") === "true";
        return json(await metadata(this.#ports, names === null ? null : names.split(","), create));
      }
      case "POST /v1/topics":
        return json((await createTopic(this.#ports, demand(createTopicRequest, parseJson(bytes), "the body"))).topic);
    }
    const [, topic, partition] = RECONCILE.exec(url.pathname) ?? [];
    if (topic === undefined) throw new StrandlineError("NOT_FOUND", url.pathname);
    const question = demand(reconcileRequest, parseJson(bytes), "the body");
    return json(await reconcile(this.#ports, decodeURIComponent(topic), Number(partition), question));
  }

  #partition(topicId: string, partition: number): MemoryPartition {
    const name = `${topicId}-${partition}`;
    const known = this.#partitions.get(name);
    if (known !== undefined) return known;
    const made = new MemoryPartition(this.#clock);
    this.#partitions.set(name, made);
    return made;
  }

  #controllerPort(): ControllerPort {
    const named = (name: string): TopicMetadata => {
      const topic = this.#topics.get(name);
      if (topic === undefined) throw new StrandlineError("UNKNOWN_TOPIC_OR_PARTITION", name);
      return topic;
    };
    return {
      createTopic: ({ name, partitionCount = this.partitionCount, config = {} }) =>
        Promise.resolve(
          attempt(() => {
            if (this.#topics.has(name)) throw new StrandlineError("TOPIC_ALREADY_EXISTS", name);
            return { topic: this.makeTopic(name, partitionCount, config), created: true };
          }),
        ),
      // No device changes topics.
      bornPartitions: () => Promise.resolve([]),
      rules: () => Promise.resolve(NO_RULES),
      createAcls: () => Promise.resolve(attempt(refuse)),
      deleteAcls: () => Promise.resolve(attempt(refuse)),
      describeAcls: () => Promise.resolve([]),
      alterQuotas: () => Promise.resolve(attempt(refuse)),
      alterTopic: (name) => Promise.resolve(attempt(() => named(name))),
      growTopic: (name) => Promise.resolve(attempt(() => ({ topic: named(name), growingTo: null, waitsFor: [] }))),
      deleteTopic: () => Promise.resolve(attempt(refuse)),
      topics: (names, create) => {
        for (const name of create ? (names ?? []) : [])
          if (!this.#topics.has(name)) this.makeTopic(name, this.partitionCount);
        return Promise.resolve((names ?? [...this.#topics.keys()]).map((name) => attempt(() => named(name))));
      },
      topicById: (topicId) =>
        Promise.resolve([...this.#topics.values()].find((topic) => topic.topicId === topicId) ?? null),
      remindPartition: () => Promise.resolve(),
      metrics: () => Promise.resolve(""),
    };
  }
}

function refuse(): never {
  throw new StrandlineError("UNSUPPORTED_OPERATION", "the simulated edge keeps its topics");
}

function json(answer: unknown): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(bytesOf(JSON.stringify(answer)));
}

function nobody(): Promise<never> {
  return Promise.reject(new Error("the simulation's doors are open"));
}

function noGroups(): never {
  throw new Error("the simulation has no groups");
}
