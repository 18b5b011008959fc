/**
 * The rules under test: the functions that the client and the edge run, and, one at a time, a way to take one away.
 */
import { decideOnAnswer, settle, type OutboxView, type SuccessionPoint } from "../../client/sync/outbox-rules.ts";
import { decideDeviceAppend, type DeviceRun, type ProducerPosition } from "../../edge/partition/producer-append.ts";
import { decideReconcile, type HistoryEntry, type ReconcileQuestion } from "../../edge/partition/producer-reconcile.ts";
import type { Chain } from "../../shared/brands.ts";
import { nextChain } from "../../shared/chain.ts";

export interface Rules {
  readonly decideDeviceAppend: typeof decideDeviceAppend;
  readonly decideReconcile: typeof decideReconcile;
  readonly decideOnAnswer: typeof decideOnAnswer;
  readonly settle: typeof settle;
  /** `fresh` numbers the successors made in this history: what a random id would be. */
  readonly successorKey: (point: SuccessionPoint, fresh: number) => string;
  /** A divergence is answered by a successor at once, without asking what is held. */
  readonly reconcileFirst: boolean;
  /** An answer counts only for the identity it was asked under. */
  readonly checksIdentity: boolean;
  /** A refused batch becomes a dead letter only through a void at the edge. */
  readonly giveUpByVoid: boolean;
}

export const REAL: Rules = {
  decideDeviceAppend,
  decideReconcile,
  decideOnAnswer,
  settle,
  successorKey: (point) => `${point.producerKey}/${point.sequence}.${point.firstBatchCrc}`,
  reconcileFirst: true,
  checksIdentity: true,
  giveUpByVoid: true,
};

export const WITHOUT = {
  "the chain in the request": { ...REAL, decideDeviceAppend: appendByNumber },
  "acking by proof": { ...REAL, decideOnAnswer: ackByNumber },
  "the identity check on answers": {
    ...REAL,
    checksIdentity: false,
    decideOnAnswer: (view, asked, reply) => decideOnAnswer(view, { ...asked, producerKey: view.producerKey }, reply),
    settle: (view, asked, reply) => settle(view, { ...asked, producerKey: view.producerKey }, reply),
  },
  "reconcile before a successor": { ...REAL, reconcileFirst: false },
  "the derived successor": { ...REAL, successorKey: (point, fresh) => `${point.producerKey}#${fresh}` },
  "the void": { ...REAL, giveUpByVoid: false },
  /** A void that counts for whatever batch of its length stands there. */
  "the batch in the void": {
    ...REAL,
    decideReconcile: (position, question, historyAt) =>
      decideReconcile(position, question, (sequence) => anyBatch(historyAt(sequence), question, sequence)),
  },
} as const satisfies Record<string, Rules>;

function anyBatch(entry: HistoryEntry, question: ReconcileQuestion, sequence: number): HistoryEntry {
  if (entry.kind !== "void") return entry;
  let at = question.from;
  for (const batch of question.batches) {
    if (at === sequence) return { ...entry, crc: batch.crc };
    at += batch.count;
  }
  return entry;
}

/** Dedup by sequence alone: whatever chain the request names is taken for the right one. */
function appendByNumber(position: ProducerPosition | undefined, run: DeviceRun): ReturnType<typeof decideDeviceAppend> {
  if (position === undefined || run.firstSequence > position.nextSequence) return decideDeviceAppend(position, run);
  let at = run.firstSequence;
  let held = 0;
  for (const batch of run.batches) {
    if (at >= position.nextSequence) break;
    at += batch.count;
    held += 1;
  }
  if (at !== position.nextSequence) return decideDeviceAppend(position, run);
  const rest = { firstSequence: at, chainBefore: position.chain, batches: run.batches.slice(held) };
  const verdict = decideDeviceAppend(position, rest);
  return verdict.kind === "append" ? { ...verdict, held } : verdict;
}

/** An ack by sequence alone: the reply's chain is taken for this outbox's own. */
function ackByNumber(...[view, asked, reply]: Parameters<typeof decideOnAnswer>): ReturnType<typeof decideOnAnswer> {
  return decideOnAnswer(view, asked, { ...reply, chain: chainAt(view, reply.nextSequence ?? 0) ?? reply.chain });
}

function chainAt(view: OutboxView, sequence: number): Chain | null {
  let { acked: at, chain } = view;
  for (const batch of view.pending) {
    if (at >= sequence) break;
    at += batch.count;
    chain = nextChain(chain, batch.crc);
  }
  return at === sequence ? chain : null;
}
