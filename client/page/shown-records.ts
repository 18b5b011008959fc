/**
 * Which of this device's records were handled while they were pending, so that they are not shown a second time once
 * they are committed. A committed batch is one of them when it bears an identity of this device, stands at the local
 * sequence of a batch that was shown, and has its very bytes: a copy of the device's profile may send other records
 * under the same numbers.
 */
import { crc32c } from "../../shared/crc32c.ts";
import { recordsStart, type RecordBatch } from "../../shared/record-batch-decode.ts";
import type { MovedRange, PolledRun } from "../calls/consumer-calls.ts";
import { nameOf } from "./line-position.ts";

interface ShownBatch {
  readonly base: number;
  readonly end: number;
  readonly crc: number;
  /** Local sequences below it were handled. */
  handledTo: number;
  /** The offset at which it was passed by as committed; null: not yet. */
  passedAt: number | null;
}

interface Line {
  readonly topicKey: number;
  /** Handled, of what was shown: `[from, to)`. */
  readonly from: number;
  to: number;
  readonly batches: Map<number, ShownBatch>;
  /** Of the run that is being handled. */
  current: ShownBatch[];
  /** Handled while their partition was not known. */
  moved: MovedRange | null;
}

export class ShownRecords {
  readonly #lines = new Map<string, Line>();

  /** Where a handler begins within the batch: behind what was handled. */
  firstOf(run: PolledRun, batch: RecordBatch): number {
    if (run.own === null) return run.from;
    return Math.max(run.from, run.pending ? this.#showing(run, batch) : this.#passing(run, batch));
  }

  begin(run: PolledRun): void {
    const line = run.own === null ? undefined : this.#line(run, run.own.topicKey);
    if (line === undefined) return;
    line.current = [];
    if (run.pending) return;
    // No way back to what was passed by before the present position.
    for (const [base, { passedAt }] of line.batches)
      if (passedAt !== null && passedAt < run.from) line.batches.delete(base);
  }

  /** The batch that was begun last is not: it will be, once it is committed. */
  withdraw(run: PolledRun): void {
    const line = this.#lines.get(nameOf(run));
    const last = line?.current.pop();
    if (last !== undefined) line?.batches.delete(last.base);
  }

  /** All of a pending run below `localSequence`. */
  handled(run: PolledRun, localSequence: number): void {
    const line = this.#lines.get(nameOf(run));
    if (line === undefined) return;
    line.to = Math.max(line.to, localSequence);
    for (const batch of line.current) batch.handledTo = Math.min(batch.end, localSequence);
    line.current = line.current.filter(({ end }) => end > localSequence);
  }

  /** Somebody wants to see the partition from elsewhere: what was passed by is shown as committed then. */
  sought(place: { readonly topic: string; readonly partition: number }): void {
    for (const [base, { passedAt }] of this.#lines.get(nameOf(place))?.batches ?? [])
      if (passedAt !== null) this.#lines.get(nameOf(place))?.batches.delete(base);
  }

  /** What was handled while the topic's partitions were not known; null: nothing, or it is known where it went. */
  waiting(topic: string): { readonly topicKey: number; readonly from: number; readonly to: number } | null {
    const line = this.#lines.get(nameOf({ topic, partition: -1 }));
    return line === undefined || line.to <= line.from ? null : line;
  }

  moved(topic: string, ranges: readonly MovedRange[]): void {
    const waiting = this.waiting(topic);
    if (waiting === null) return;
    this.#lines.delete(nameOf({ topic, partition: -1 }));
    for (const range of ranges)
      this.#line({ topic, partition: range.partition, from: range.from }, waiting.topicKey).moved = range;
  }

  #showing(run: PolledRun, batch: RecordBatch): number {
    const line = this.#line(run, run.own?.topicKey ?? 0);
    const base = batch.baseOffset;
    const shown = { base, end: base + batch.count, crc: contentOf(batch), handledTo: base, passedAt: null };
    line.batches.set(base, shown);
    line.current.push(shown);
    return firstNotMoved(line, base);
  }

  #passing(run: PolledRun, batch: RecordBatch): number {
    const identity = run.own?.identities.find(({ producerId }) => producerId === batch.producerId);
    const line = this.#lines.get(nameOf(run));
    if (identity === undefined || line === undefined || line.topicKey !== run.own?.topicKey) return batch.baseOffset;
    const base = identity.sequenceBase + batch.baseSequence;
    const shown = line.batches.get(base);
    if (shown === undefined || shown.crc !== contentOf(batch))
      return batch.baseOffset + firstNotMoved(line, base) - base;
    shown.passedAt = batch.baseOffset;
    return batch.baseOffset + Math.max(shown.handledTo, firstNotMoved(line, base)) - base;
  }

  /** A topic that was made again begins anew. */
  #line(run: Pick<PolledRun, "topic" | "partition" | "from">, topicKey: number): Line {
    const known = this.#lines.get(nameOf(run));
    if (known?.topicKey === topicKey) return known;
    const { from } = run;
    const made: Line = { topicKey, from, to: from, batches: new Map(), current: [], moved: null };
    this.#lines.set(nameOf(run), made);
    return made;
  }
}

function firstNotMoved({ moved }: Line, base: number): number {
  return moved !== null && base >= moved.from && base < moved.to ? moved.to : base;
}

/** Of the records alone: what stands before them the edge writes. */
function contentOf(batch: RecordBatch): number {
  return crc32c(batch.bytes, recordsStart(batch), batch.end);
}
