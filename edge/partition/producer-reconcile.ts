/**
 * Reconcile as a pure function: what of the described batches a partition holds, and whether the last of them is
 * voided. A void is producer state: it takes the batch's sequences and no offset, so that no delayed copy of what
 * was given up can ever be appended.
 */
import { NO_CHAIN } from "../../shared/brands.ts";
import { voidChain } from "../../shared/chain.ts";
import type { DescribedBatch, JudgedBatch } from "../../shared/api/reconcile.ts";
import type { ProducerPosition } from "./producer-append.ts";

/** What stands at a sequence below the producer's next: the log's batch that begins there, a void, or neither. */
export type HistoryEntry =
  | { readonly kind: "batch"; readonly count: number; readonly crc: number; readonly baseOffset: number }
  /** `crc` of the batch that was given up: a twin with another batch there has not given that up. */
  | { readonly kind: "void"; readonly count: number; readonly crc: number }
  /** The batch that covers this sequence begins elsewhere. */
  | { readonly kind: "inside" }
  /** The row is no longer kept. */
  | { readonly kind: "gone" };

export interface ReconcileQuestion {
  readonly from: number;
  readonly batches: readonly DescribedBatch[];
  readonly giveUp: boolean;
}

export interface ReconcileVerdict {
  readonly batches: readonly JudgedBatch[];
  /** The void to be written, and the position after it, in one transaction. */
  readonly giveUp: {
    readonly sequence: number;
    readonly count: number;
    readonly crc: number;
    readonly next: ProducerPosition;
  } | null;
}

export function decideReconcile(
  position: ProducerPosition | undefined,
  question: ReconcileQuestion,
  historyAt: (sequence: number) => HistoryEntry,
): ReconcileVerdict {
  let at = question.from;
  const batches: JudgedBatch[] = [];
  for (const batch of question.batches) {
    batches.push(judge(position, at, batch, historyAt));
    at += batch.count;
  }
  const last = question.batches.at(-1);
  if (!question.giveUp || last === undefined) return { batches, giveUp: null };
  return giveUpLast(position, at - last.count, last, batches);
}

function judge(
  position: ProducerPosition | undefined,
  sequence: number,
  batch: DescribedBatch,
  historyAt: (sequence: number) => HistoryEntry,
): JudgedBatch {
  if (position === undefined || sequence >= position.nextSequence) return { verdict: "absent", baseOffset: null };
  const entry = historyAt(sequence);
  if (entry.kind === "gone") return { verdict: "gone", baseOffset: null };
  const same = entry.kind !== "inside" && entry.count === batch.count && entry.crc === batch.crc;
  if (!same) return { verdict: "other", baseOffset: null };
  return entry.kind === "void"
    ? { verdict: "void", baseOffset: null }
    : { verdict: "held", baseOffset: entry.baseOffset };
}

/** Only what is absent and next can be voided, and only where all before it is held or void. */
function giveUpLast(
  position: ProducerPosition | undefined,
  sequence: number,
  batch: DescribedBatch,
  judged: readonly JudgedBatch[],
): ReconcileVerdict {
  const before = judged.slice(0, -1);
  const inLine = before.every((one) => one.verdict === "held" || one.verdict === "void");
  const known = position ?? (sequence === 0 ? { nextSequence: 0, chain: NO_CHAIN } : undefined);
  if (!inLine || known === undefined || known.nextSequence !== sequence) return { batches: judged, giveUp: null };
  const next = { nextSequence: sequence + batch.count, chain: voidChain(known.chain, batch) };
  return {
    batches: [...before, { verdict: "void", baseOffset: null }],
    giveUp: { sequence, count: batch.count, crc: batch.crc, next },
  };
}
