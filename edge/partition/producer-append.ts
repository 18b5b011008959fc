/**
 * The decision table for device producers, as a pure function: what a run of batches means to a partition that
 * holds this much of the producer. The caller commits the rows and the proposed state in one transaction.
 *
 * Behaviour, in this order: an unknown producer starts at sequence 0 with chain 0, and only there; the next run in
 * line is appended where the chain fits; what is held already is a duplicate, proven by the chain and never by its
 * number; a part that is held and a part that is new are told apart at the border of a batch.
 */
import { NO_CHAIN, type Chain, type Crc } from "../../shared/brands.ts";
import { nextChain } from "../../shared/chain.ts";

/** What the edge keeps of a device producer on one partition, so far as the decision needs it. */
export interface ProducerPosition {
  readonly nextSequence: number;
  readonly chain: Chain;
}

export interface RunBatch {
  readonly count: number;
  /** As received: what the device sealed, whatever the log stores. */
  readonly crc: Crc;
}

export interface DeviceRun {
  /** Of a request that stands for itself: its chain begins with what is particular to it. */
  readonly ofRequest?: boolean;
  readonly firstSequence: number;
  /** The producer's chain before the first batch. */
  readonly chainBefore: Chain;
  /** Consecutive, at least one. */
  readonly batches: readonly RunBatch[];
}

export type DeviceRefusal =
  | "UNKNOWN_PRODUCER_ID"
  | "OUT_OF_ORDER_SEQUENCE_NUMBER"
  | "DUPLICATE_SEQUENCE_NUMBER"
  | "SEQUENCE_CONFLICT";

export type AppendVerdict =
  /** The first `held` batches are in the log already; the others are to be appended, after which `next` is true. */
  | { readonly kind: "append"; readonly held: number; readonly next: ProducerPosition }
  | { readonly kind: "refuse"; readonly code: DeviceRefusal };

export function decideDeviceAppend(position: ProducerPosition | undefined, run: DeviceRun): AppendVerdict {
  if (position === undefined) {
    const begins = run.firstSequence === 0 && (run.chainBefore === NO_CHAIN || run.ofRequest === true);
    if (!begins) return { kind: "refuse", code: "UNKNOWN_PRODUCER_ID" };
    return append(run, 0, { nextSequence: 0, chain: run.chainBefore });
  }
  if (run.firstSequence > position.nextSequence) return { kind: "refuse", code: "OUT_OF_ORDER_SEQUENCE_NUMBER" };
  if (run.firstSequence === position.nextSequence) {
    if (run.chainBefore !== position.chain) return { kind: "refuse", code: "SEQUENCE_CONFLICT" };
    return append(run, 0, position);
  }
  return overlap(position, run);
}

/** The run begins in what is held: find the batch that ends where the producer's history ends. */
function overlap(position: ProducerPosition, run: DeviceRun): AppendVerdict {
  let at = run.firstSequence;
  let chain = run.chainBefore;
  for (const [index, batch] of run.batches.entries()) {
    at += batch.count;
    chain = nextChain(chain, batch.crc);
    if (at < position.nextSequence) continue;
    const proven = at === position.nextSequence && chain === position.chain;
    return proven ? append(run, index + 1, position) : { kind: "refuse", code: "SEQUENCE_CONFLICT" };
  }
  return { kind: "refuse", code: "DUPLICATE_SEQUENCE_NUMBER" };
}

function append(run: DeviceRun, held: number, position: ProducerPosition): AppendVerdict {
  let { nextSequence, chain } = position;
  for (const batch of run.batches.slice(held)) {
    nextSequence += batch.count;
    chain = nextChain(chain, batch.crc);
  }
  return { kind: "append", held, next: { nextSequence, chain } };
}
