/** Callers that share one transaction, and how it ends for each of them. */
import type { LocalSequence, Offset } from "../../shared/brands.ts";
import type { Caller } from "./append-queue.ts";
import type { AppendPlan, PartitionPlan, Placed } from "./append-plan.ts";
import type { PartitionRows } from "./append-transaction.ts";
import type { AppendedBatch } from "./device-log.ts";
import { release } from "../../shared/release.ts";
import { NEW_PARTITION, plus } from "./partition-row.ts";

export interface PlannedCaller {
  readonly caller: Caller;
  readonly placed: readonly Placed[];
}

export class AppendGroup {
  /** The group before it, which must stand before this one may; null once it is settled. */
  previous: AppendGroup | null;
  callers: readonly PlannedCaller[] = [];
  plans: readonly PartitionPlan[] = [];
  /** Its transaction passed its checks, and nothing but the store can undo it. */
  stands = false;
  settled = false;
  /** It failed in a way that left its outcome open, had not happened, and was written once more. */
  repeated = false;
  /** The rows as they were before its last attempt; null: none got so far. */
  written: PartitionRows | null = null;
  /** Resolves when all callers have their answer. */
  done: Promise<void> = Promise.resolve();

  constructor(previous: AppendGroup | null) {
    this.previous = previous;
  }

  get durability(): Caller["durability"] {
    return this.callers.some(({ caller }) => caller.durability === "strict") ? "strict" : "relaxed";
  }

  /** Of its only caller. */
  get alongside(): Caller["alongside"] {
    return this.callers[0]?.caller.alongside ?? null;
  }

  adopt(callers: readonly PlannedCaller[], plan: AppendPlan): void {
    this.callers = callers;
    this.plans = plan.finish();
    this.stands = false;
    this.written = null;
  }

  inTurn(): boolean {
    const { previous } = this;
    return previous === null || previous.settled || previous.stands;
  }

  /** Everybody has their answer: the batches are in the store, or nowhere. */
  release(): void {
    for (const plan of this.plans) for (const { bytes } of plan.batches) release(bytes);
  }

  resolve(before: PartitionRows): void {
    for (const { caller, placed } of this.callers) caller.resolve(placed.map((one) => answerOf(one, before)));
  }

  reject(error: unknown): void {
    for (const { caller } of this.callers) caller.reject(error);
  }
}

function answerOf({ plan, first, count }: Placed, before: PartitionRows): AppendedBatch {
  const row = before.get(plan) ?? NEW_PARTITION;
  const localSequence: LocalSequence = plus(row.nextLocalSequence, first);
  const { ref, topic } = plan;
  const baseOffset = topic.local && ref.partition >= 0 ? (localSequence as number as Offset) : null;
  const { name, remade } = topic;
  return { topic: name, ...ref, localSequence, count, baseOffset, ...(remade === undefined ? {} : { remade }) };
}
