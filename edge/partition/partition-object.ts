import { DurableObject } from "cloudflare:workers";
import type { ProducerProof } from "../../shared/api/produce.ts";
import type { ReconcileAnswer, ReconcileRequest } from "../../shared/api/reconcile.ts";
import type { ProducerId } from "../../shared/brands.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { Env } from "../env.ts";
import { attempt, type Outcome } from "../outcome.ts";
import { systemClock, systemRandom } from "../system-ports.ts";
import { DelayedFetches } from "./delayed-fetch.ts";
import { LogReader } from "./log-reader.ts";
import { LogStore } from "./log-store.ts";
import { PartitionLog } from "./partition-log.ts";
import { partitionName } from "./partition-name.ts";
import type {
  AppendAnswer,
  AppendRequest,
  PartitionAddress,
  PartitionBounds,
  ReadAnswer,
  ReadRequest,
  TimeAnswer,
  WaitRequest,
} from "./partition-port.ts";

/**
 * One per partition: the only writer of its log. A shell: it finds out whether it should exist, and hands each call on
 * as one synchronous step.
 */
export class PartitionObject extends DurableObject<Env> {
  readonly #store: LogStore;
  readonly #reader: LogReader;
  readonly #waits = new DelayedFetches(systemClock);
  /** Null: not confirmed yet, or storage failed and memory can no longer be trusted. */
  #log: PartitionLog | null = null;
  /** Null: no append is being committed. */
  #commit: Promise<void> | null = null;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#store = new LogStore(state.storage);
    this.#reader = new LogReader(this.#store);
  }

  /**
   * Appends that arrive while one is being committed wait for it and are then made in one turn, which the runtime
   * commits as one: what costs is the commit, not the row. A lone append waits for nothing.
   */
  async append(address: PartitionAddress, request: AppendRequest): Promise<Outcome<AppendAnswer>> {
    if (this.#commit !== null) await this.#commit;
    const appended = this.#with(address, (log) => {
      const answer = log.append(request);
      if (answer.error === null) this.#waits.appended(answer.highWatermark);
      return answer;
    });
    // A commit that fails ends this object and every call to it, so how it ended does not matter here.
    const committed = (): void => void (this.#commit = null);
    this.#commit ??= this.ctx.storage.sync().then(committed, committed);
    return await appended;
  }

  async proof(address: PartitionAddress, producerId: ProducerId): Promise<Outcome<PartitionBounds & ProducerProof>> {
    return await this.#with(address, (log) => ({ ...log.bounds(), ...log.proof(producerId) }));
  }

  async read(address: PartitionAddress, request: ReadRequest): Promise<Outcome<ReadAnswer>> {
    return await this.#with(address, (log) => this.#reader.read(log.bounds(), request));
  }

  async waitForAppend(address: PartitionAddress, request: WaitRequest): Promise<void> {
    const bounds = await this.#with(address, (log) => log.bounds());
    if (!bounds.ok || bounds.value.highWatermark > request.offset) return;
    await this.#waits.wait(request);
  }

  async reconcile(
    address: PartitionAddress,
    producerId: ProducerId,
    request: ReconcileRequest,
  ): Promise<Outcome<ReconcileAnswer>> {
    return await this.#with(address, (log) => log.reconcile(producerId, request));
  }

  async bounds(address: PartitionAddress): Promise<Outcome<PartitionBounds>> {
    return await this.#with(address, (log) => log.bounds());
  }

  async batchAtTime(address: PartitionAddress, timestamp: number): Promise<Outcome<TimeAnswer>> {
    return await this.#with(address, (log) => ({
      ...log.bounds(),
      batch: this.#reader.batchAtTime(log.bounds(), timestamp),
    }));
  }

  /** Awaits only before the step: nothing comes between its checks and its writes. */
  async #with<Value>(address: PartitionAddress, step: (log: PartitionLog) => Value): Promise<Outcome<Value>> {
    const opened = this.#log === null ? await this.#open(address) : null;
    if (opened !== null && !opened.ok) return opened;
    const log = this.#log;
    if (log === null) return attempt(() => this.#refuse(address));
    return this.#fromStorage(() => step(log));
  }

  async #open(address: PartitionAddress): Promise<Outcome<null>> {
    const named = this.env.PARTITION.idFromName(partitionName(address));
    if (!named.equals(this.ctx.id)) return attempt(() => this.#refuse(address));
    const known = this.#fromStorage(() => this.#store.meta() !== null);
    if (!known.ok) return known;
    const topic = known.value ? null : await this.#confirm(address);
    if (!known.value && topic === null) return attempt(() => this.#refuse(address));
    return this.#fromStorage(() => {
      // Another call may have opened it while this one asked the controller.
      if (topic !== null && this.#store.meta() === null) this.#store.create({ topic, leaderEpoch: newLeaderEpoch() });
      const { leaderEpoch } = this.#store.meta() ?? this.#refuse(address);
      this.#log ??= new PartitionLog(this.#store, systemClock, leaderEpoch);
      return null;
    });
  }

  #fromStorage<Value>(step: () => Value): Outcome<Value> {
    return attempt(() => {
      try {
        return step();
      } catch (thrown) {
        throw thrown instanceof StrandlineError ? thrown : this.#storageFailed(thrown);
      }
    });
  }

  /** An object that holds nothing creates nothing until the controller says that it should exist. */
  async #confirm({ namespace, topicId, partition }: PartitionAddress): Promise<string | null> {
    const controller = this.env.CONTROLLER.get(this.env.CONTROLLER.idFromName(namespace));
    return (await controller.confirmPartition(topicId, partition))?.name ?? null;
  }

  #refuse({ topicId, partition }: PartitionAddress): never {
    throw new StrandlineError("UNKNOWN_TOPIC_ID", `${topicId}, partition ${partition}`, { topicId, partition });
  }

  /** Whether the write happened is not known, so memory starts again from what storage holds. */
  #storageFailed(cause: unknown): StrandlineError {
    this.#log = null;
    console.error("storage failed", cause instanceof Error ? cause.stack : String(cause));
    return new StrandlineError("KAFKA_STORAGE_ERROR", "");
  }
}

function newLeaderEpoch(): { counter: number; random: number } {
  const [a = 0, b = 0, c = 0, d = 0] = systemRandom.bytes(4);
  return { counter: 0, random: ((a << 24) | (b << 16) | (c << 8) | d) >>> 0 };
}
