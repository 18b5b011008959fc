/**
 * Group commit. One strict transaction costs about 2 ms whatever it carries, so appends that meet while one is under
 * way share the next. A second one is queued behind the first where there is enough to keep the disk busy; it is
 * predicted from the first and may stand only where the first does, so the order of the calls is that of the log.
 */
import type { Clock } from "../../shared/clock.ts";
import { checkAppend } from "./append-check.ts";
import { AppendGroup, type PlannedCaller } from "./append-group.ts";
import { AppendPlan, type PartitionPlan } from "./append-plan.ts";
import { AppendQueue, type Caller } from "./append-queue.ts";
import {
  rowAfter,
  StalePrediction,
  storesOf,
  TopicsChanged,
  writeAppends,
  type PartitionRows,
} from "./append-transaction.ts";
import type { AppendedBatch, BatchAppend, LocalLog, TopicCatalog } from "./device-log.ts";
import { isFull, isUnknownOutcome } from "./idb-errors.ts";
import { readBack } from "./read-back.ts";
import type { PartitionRow } from "./rows.ts";
import type { Store } from "./store.ts";
import { TopicResolver } from "./topic-resolver.ts";

export interface LocalLogOptions {
  readonly store: Store;
  readonly catalog: TopicCatalog;
  readonly clock: Clock;
  /** Topics made by a first append get so many partitions and belong to the device; null: the edge knows the count. */
  readonly localPartitionCount: number | null;
  /** Null: nobody looks after it. */
  readonly room?: Room | null;
}

/** The origin's room on the disk, as somebody else looks after it. */
export interface Room {
  /** Null: there is room. Else appends wait; it rejects with `STORAGE_FULL` where there is none to be had. */
  admit(bytes: number): Promise<void> | null;
  /** The browser has refused a write. True: something was freed, it may be tried again. */
  free(): Promise<boolean>;
  /** What to say to the caller whose write was refused, with numbers. */
  refusal(): Promise<unknown>;
}

const IN_FLIGHT_MAX = 2;
/** With less than this waiting, the next transaction gains more from company than from an early start. */
const PIPELINE_BYTES_MIN = 256 * 1024;

export class StoredLocalLog implements LocalLog {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #topics: TopicResolver;
  readonly #room: Room | null;
  readonly #queue = new AppendQueue();
  /** As the transactions under way will leave them, by topic key and partition. */
  readonly #rows = new Map<string, PartitionRow>();
  #last: AppendGroup | null = null;
  #inFlight = 0;
  #pumping = false;
  #notify: () => void = () => {};

  constructor(options: LocalLogOptions) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#topics = new TopicResolver(options.catalog, options.localPartitionCount);
    this.#room = options.room ?? null;
  }

  /** Takes the batches' buffers over: they must not be changed afterwards. */
  append(appends: readonly BatchAppend[], options: Parameters<LocalLog["append"]>[1] = {}): Promise<AppendedBatch[]> {
    return new Promise((resolve, reject) => {
      const bytes = appends.reduce((sum, { batch }) => sum + batch.byteLength, 0);
      if (appends.length === 0) return resolve([]);
      const { durability = "strict", alongside = null } = options;
      this.#queue.push({ appends, durability, alongside, bytes, resolve, reject });
      this.#notify();
      if (this.#pumping) return;
      this.#pumping = true;
      // The calls of one task go together.
      queueMicrotask(() => void this.#pump());
    });
  }

  async #pump(): Promise<void> {
    while (!this.#queue.empty) {
      if (this.#mayLaunch()) await this.#admit(this.#queue.takeGroup({ idle: this.#inFlight === 0 }));
      else await new Promise<void>((resolve) => (this.#notify = resolve));
    }
    this.#pumping = false;
  }

  #mayLaunch(): boolean {
    return this.#inFlight === 0 || (this.#inFlight < IN_FLIGHT_MAX && this.#queue.bytes >= PIPELINE_BYTES_MIN);
  }

  /** Those behind wait as well, so that the order of the calls stays. */
  async #admit(callers: readonly Caller[]): Promise<void> {
    try {
      const waiting = this.#room?.admit(callers.reduce((sum, { bytes }) => sum + bytes, 0)) ?? null;
      if (waiting !== null) await waiting;
    } catch (error) {
      for (const caller of callers) caller.reject(error);
      return;
    }
    await this.#launch(callers);
  }

  async #launch(callers: readonly Caller[]): Promise<void> {
    const group = new AppendGroup(this.#last);
    await this.#plan(group, callers);
    if (group.callers.length === 0) return;
    this.#last = group;
    this.#inFlight += 1;
    group.done = this.#commit(group).finally(() => {
      group.settled = true;
      group.previous = null;
      group.release();
      this.#inFlight -= 1;
      this.#notify();
    });
  }

  /** A caller whose batches or topics are refused has its answer here and is no part of the plan. Checked only now, while the transaction before is on its way to the disk. */
  async #plan(group: AppendGroup, callers: readonly Caller[]): Promise<void> {
    const plan = new AppendPlan();
    const planned: PlannedCaller[] = [];
    for (const caller of callers) {
      try {
        const appends = caller.appends.map(checkAppend);
        const topics = await this.#topics.resolve(appends);
        const placed = appends.flatMap((append) => {
          const topic = topics.get(append.topic);
          return topic === undefined ? [] : [plan.add(append, topic)];
        });
        planned.push({ caller, placed });
      } catch (error) {
        caller.reject(error);
      }
    }
    try {
      group.adopt(planned, plan);
    } catch (error) {
      // Whatever broke here, its callers hear of it and those behind them go on.
      for (const { caller } of planned) caller.reject(error);
      group.adopt([], new AppendPlan());
    }
  }

  /** Never rejects: every caller gets its answer. */
  async #commit(group: AppendGroup): Promise<void> {
    let predicted = this.#predict(group.plans);
    for (;;) {
      try {
        return group.resolve(await this.#write(group, predicted));
      } catch (error) {
        predicted = null;
        group.stands = false;
        if (!(await this.#again(group, error))) return;
      }
    }
  }

  /** Whether to write once more, now reading first. Otherwise the callers have their answer. */
  async #again(group: AppendGroup, error: unknown): Promise<boolean> {
    try {
      if (error instanceof StalePrediction) {
        await group.previous?.done;
        return true;
      }
      if (error instanceof TopicsChanged) {
        await group.previous?.done;
        this.#topics.forget();
        await this.#plan(
          group,
          group.callers.map(({ caller }) => caller),
        );
        return group.callers.length > 0;
      }
      this.#rows.clear();
      if (this.#room !== null && isFull(error)) {
        if (!group.repeated && (await this.#room.free())) {
          group.repeated = true;
          return true;
        }
        group.reject(await this.#room.refusal());
        return false;
      }
      const before = isUnknownOutcome(error) ? await readBack(this.#store, group) : null;
      if (before === "not written" && !group.repeated) {
        group.repeated = true;
        return true;
      }
      if (before === null || before === "not written") group.reject(error);
      else group.resolve(before);
    } catch (cause) {
      group.reject(cause);
    }
    return false;
  }

  async #write(group: AppendGroup, predicted: PartitionRows | null): Promise<PartitionRows> {
    const { plans, durability, alongside } = group;
    const createdAt = this.#clock.now();
    if (predicted !== null) this.#remember(plans, predicted);
    const stores = [...storesOf(plans), ...(alongside?.stores ?? [])];
    return await this.#store.transact(stores, { mode: "readwrite", durability }, async (transaction) => {
      const order = { plans, predicted, inTurn: () => group.inTurn(), createdAt };
      const [before] = await Promise.all([writeAppends(transaction, order), alongside?.write(transaction)]);
      if (predicted === null) this.#remember(plans, before);
      group.written = before;
      group.stands = true;
      return before;
    });
  }

  /** Null where a partition was not written before, or the topic's row is to be written as well. */
  #predict(plans: readonly PartitionPlan[]): PartitionRows | null {
    const rows = new Map<PartitionPlan, PartitionRow>();
    for (const plan of plans) {
      const row = this.#rows.get(nameOf(plan));
      if (row === undefined || plan.old) return null;
      rows.set(plan, row);
    }
    return rows;
  }

  #remember(plans: readonly PartitionPlan[], before: PartitionRows): void {
    for (const plan of plans) {
      const row = before.get(plan);
      if (row !== undefined) this.#rows.set(nameOf(plan), rowAfter(plan, row));
    }
  }
}

function nameOf({ ref }: PartitionPlan): string {
  return `${ref.topicKey}/${ref.partition}`;
}
