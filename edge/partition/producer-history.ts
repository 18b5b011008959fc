/**
 * What stands at a sequence of one producer: voids from its state, batches from the rows. The recent runs are found by
 * what memory knows of them; for older ones the rows are gone through once, whatever the number of batches asked for.
 * Used for one reconcile, and then dropped.
 */
import type { HeldRange } from "../../shared/api/produce.ts";
import type { ProducerId } from "../../shared/brands.ts";
import { batchBaseSequence, batchByteLength, batchCount, batchCrc } from "../../shared/record-batch.ts";
import type { LogStore, SequenceRange } from "./log-store.ts";
import type { HistoryEntry } from "./producer-reconcile.ts";
import type { DeviceProducerState } from "./producer-states.ts";

/** The rows, so far as history needs them. */
export type RunRows = Pick<LogStore, "runBytes" | "producerRunsWithin">;

interface ReadRun {
  readonly range: HeldRange;
  readonly entries: ReadonlyMap<number, HistoryEntry>;
}

export class ProducerHistory {
  readonly #rows: RunRows;
  readonly #id: ProducerId;
  readonly #state: DeviceProducerState | undefined;
  readonly #asked: SequenceRange;
  /** Sequences are asked for in order, so the last run is nearly always the right one. */
  #run: ReadRun | null = null;
  /** Null: the rows were not gone through yet. */
  #older: readonly HeldRange[] | null = null;

  /** `asked`: what `at` will be asked for lies in there. */
  constructor(
    rows: RunRows,
    producer: { readonly id: ProducerId; readonly state: DeviceProducerState | undefined },
    asked: SequenceRange,
  ) {
    this.#rows = rows;
    this.#id = producer.id;
    this.#state = producer.state;
    this.#asked = asked;
  }

  /** Of a sequence below the producer's next. */
  at(sequence: number): HistoryEntry {
    for (const [start, count, crc] of this.#state?.voids ?? []) {
      if (sequence === start) return { kind: "void", count, crc };
      if (sequence > start && sequence < start + count) return { kind: "inside" };
    }
    const run = this.#runAt(sequence);
    if (run === null) return { kind: "gone" };
    return run.entries.get(sequence) ?? { kind: "inside" };
  }

  #runAt(sequence: number): ReadRun | null {
    if (this.#run !== null && covers(this.#run.range, sequence)) return this.#run;
    const range =
      this.#state?.recent.find((one) => covers(one, sequence)) ??
      this.#olderRuns().find((one) => covers(one, sequence));
    const bytes = range === undefined ? null : this.#rows.runBytes(range.baseOffset);
    if (range === undefined || bytes === null) return null;
    this.#run = { range, entries: entriesOf(range.baseOffset, bytes) };
    return this.#run;
  }

  #olderRuns(): readonly HeldRange[] {
    return (this.#older ??= this.#rows
      .producerRunsWithin(this.#id, this.#asked)
      .map(({ firstSequence, nextSequence, baseOffset }) => ({
        sequence: firstSequence,
        count: nextSequence - firstSequence,
        baseOffset,
      })));
  }
}

function covers({ sequence: first, count }: HeldRange, sequence: number): boolean {
  return sequence >= first && sequence < first + count;
}

function entriesOf(runOffset: number, bytes: Uint8Array): Map<number, HistoryEntry> {
  const entries = new Map<number, HistoryEntry>();
  let baseOffset = runOffset;
  for (let at = 0; at < bytes.length; at += batchByteLength(bytes, at)) {
    const count = batchCount(bytes, at);
    entries.set(batchBaseSequence(bytes, at), { kind: "batch", count, crc: batchCrc(bytes, at), baseOffset });
    baseOffset += count;
  }
  return entries;
}
