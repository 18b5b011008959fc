/**
 * What the device does with what the edge says: pure functions from (what the outbox holds, what was asked, what was
 * answered) to a decision. The sender carries decisions out, each in one transaction that checks that the outbox is
 * still the one the decision was made for. A model test explores these very functions (`test/model`).
 *
 * Nothing is ever acked by its number alone: an ack is a chain that equals the device's own.
 */
import type { Chain } from "../../shared/brands.ts";
import { nextChain, voidChain } from "../../shared/chain.ts";
import type { DescribedBatch, JudgedBatch } from "../../shared/api/reconcile.ts";

/** One partition's outbox, in the sequences of its current identity. */
export interface OutboxView {
  readonly producerKey: string;
  /** First sequence that is not settled. */
  readonly acked: number;
  /** The identity's chain at `acked`. */
  readonly chain: Chain;
  /** Consecutive from `acked`; all that waits, or a prefix that reaches past whatever was answered. */
  readonly pending: readonly DescribedBatch[];
}

export interface ProduceQuestion {
  readonly producerKey: string;
  /** `acked` when the request was made. */
  readonly acked: number;
}

export interface ProduceReply {
  /** Null: the edge knows nothing of the producer. */
  readonly nextSequence: number | null;
  readonly chain: Chain;
  /** Set where the edge refused for good; the first sequence of the batch it named, or null where it named none. */
  readonly refused: { readonly sequence: number | null } | null;
}

export type AnswerDecision =
  /** Nothing follows from it. Sending goes on from `acked`. */
  | { readonly kind: "ignore" }
  /** The first `batches` pending batches are held, proven by the chain. */
  | { readonly kind: "ack"; readonly batches: number; readonly chain: Chain }
  /** The histories differ, or the edge forgot: ask what it holds. */
  | { readonly kind: "reconcile" }
  /** The batch at this index can never succeed: it is given up once all before it are settled. */
  | { readonly kind: "giveUp"; readonly index: number };

const IGNORE: AnswerDecision = { kind: "ignore" };

export function decideOnAnswer(view: OutboxView, asked: ProduceQuestion, reply: ProduceReply): AnswerDecision {
  if (asked.producerKey !== view.producerKey) return IGNORE;
  const proven = provenBatches(view, reply);
  if (proven !== null && proven > 0) return { kind: "ack", batches: proven, chain: reply.chain };
  if (reply.refused !== null) {
    const index = indexOfSequence(view, reply.refused.sequence ?? view.acked);
    return index === null ? IGNORE : { kind: "giveUp", index };
  }
  if (view.pending.length === 0) return IGNORE;
  if (reply.nextSequence === null) return view.acked > 0 ? { kind: "reconcile" } : IGNORE;
  // Behind what was acked before the question was put: no late answer says that, only a log that forgot.
  if (reply.nextSequence < asked.acked) return { kind: "reconcile" };
  if (reply.nextSequence < view.acked) return IGNORE;
  return proven === null ? { kind: "reconcile" } : IGNORE;
}

/** How many pending batches the reply proves to be held; null: its chain is not this outbox's at that sequence. */
function provenBatches(view: OutboxView, reply: ProduceReply): number | null {
  let { acked: at, chain } = view;
  const goal = reply.nextSequence ?? 0;
  let batches = 0;
  for (const batch of view.pending) {
    if (at >= goal) break;
    at += batch.count;
    chain = nextChain(chain, batch.crc);
    batches += 1;
  }
  return at === goal && chain === reply.chain ? batches : null;
}

function indexOfSequence(view: OutboxView, sequence: number): number | null {
  let at = view.acked;
  for (const [index, batch] of view.pending.entries()) {
    if (at === sequence) return index;
    at += batch.count;
  }
  return null;
}

export interface ReconcileAsked {
  readonly producerKey: string;
  /** `acked` when the question was put. */
  readonly from: number;
  readonly batches: readonly DescribedBatch[];
}

export interface ReconcileReply {
  readonly nextSequence: number | null;
  readonly chain: Chain;
  readonly batches: readonly JudgedBatch[];
}

export interface Settlement {
  /** What becomes of the first pending batches: held ones are committed, void ones are dead letters. */
  readonly settled: readonly JudgedBatch[];
  /** The identity's chain after them. */
  readonly chain: Chain;
  /**
   * `diverged`: what follows belongs to another history. `forgotten`: the edge no longer knows what it had
   * acknowledged. In both cases the rest goes out under a successor.
   */
  readonly then: "continue" | "diverged" | "forgotten";
}

export function settle(view: OutboxView, asked: ReconcileAsked, reply: ReconcileReply): Settlement {
  const nothing: Settlement = { settled: [], chain: view.chain, then: "continue" };
  if (asked.producerKey !== view.producerKey) return nothing;
  const skipped = batchesBefore(asked, view.acked);
  if (skipped === null) return nothing;
  const settled: JudgedBatch[] = [];
  let { acked: at, chain } = view;
  for (const [index, judged] of reply.batches.slice(skipped).entries()) {
    const mine = view.pending[index];
    const theirs = asked.batches[skipped + index];
    if (mine === undefined || theirs === undefined || mine.count !== theirs.count || mine.crc !== theirs.crc) break;
    if (judged.verdict === "other" || judged.verdict === "gone") return { settled, chain, then: "diverged" };
    if (judged.verdict === "absent") return { settled, chain, then: atTheEnd(asked, reply, at, chain) };
    settled.push(judged);
    at += mine.count;
    chain = judged.verdict === "held" ? nextChain(chain, mine.crc) : voidChain(chain, mine);
  }
  return { settled, chain, then: "continue" };
}

/** The next batch is absent: does the edge's history end where the device's does? */
function atTheEnd(asked: ReconcileAsked, reply: ReconcileReply, at: number, chain: Chain): Settlement["then"] {
  const lost = reply.nextSequence === null ? asked.from > 0 : reply.nextSequence < asked.from;
  if (lost) return "forgotten";
  return reply.nextSequence === at && reply.chain !== chain ? "diverged" : "continue";
}

function batchesBefore(asked: ReconcileAsked, acked: number): number | null {
  let at = asked.from;
  for (const [index, batch] of asked.batches.entries()) {
    if (at === acked) return index;
    at += batch.count;
  }
  return null;
}

/** Where the successor of an identity begins: what its key is derived from, so that copies that diverge at one point with the same records meet under one id. */
export interface SuccessionPoint {
  readonly producerKey: string;
  readonly sequence: number;
  /** CRC of the first batch left as stored, before any identity was sealed into it. */
  readonly firstBatchCrc: number;
}
