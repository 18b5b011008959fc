/**
 * What stands at a sequence of one producer: voids from its state, batches from the rows. The recent runs are found by
 * what memory knows of them; for older ones the rows are gone through once, whatever the number of batches asked for.
 * Used for one reconcile, and then dropped.
 */
import type { HeldRange } from "../../shared/api/produce.ts";
import type { ProducerId } from "../../shared/brands.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { batches } from "../../shared/record-batch-decode.ts";
import type { SequenceRange } from "./log-rows.ts";
import type { LogStore } from "./log-store.ts";
import type { HistoryEntry } from "./producer-reconcile.ts";
import { readReceived, type ReceivedBatch } from "./received-batches.ts";
import type { DeviceProducerState } from "./producer-states.ts";

/** The rows, so far as history needs them. */
export type RunRows = Pick<LogStore, "runBytes" | "received" | "producerRunsWithin">;

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
    const entries = range === undefined ? null : this.#entriesOf(range);
    if (range === undefined || entries === null) return null;
    this.#run = { range, entries };
    return this.#run;
  }

  /** As they were received: what is stored may carry another time, or fewer records. Null: the row is gone. */
  #entriesOf({ sequence, count, baseOffset }: HeldRange): Map<number, HistoryEntry> | null {
    const received = this.#rows.received(baseOffset);
    if (received !== null) return entriesOf({ sequence, baseOffset }, readReceived(received));
    const bytes = this.#rows.runBytes(baseOffset);
    return bytes === null ? null : entriesOf({ sequence, baseOffset }, batchesIn(bytes, count));
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

function entriesOf(
  run: { readonly sequence: number; readonly baseOffset: number },
  held: readonly ReceivedBatch[],
): Map<number, HistoryEntry> {
  const entries = new Map<number, HistoryEntry>();
  let { sequence, baseOffset } = run;
  for (const { count, crc } of held) {
    entries.set(sequence, { kind: "batch", count, crc, baseOffset });
    sequence += count;
    baseOffset += count;
  }
  return entries;
}

/** Throws `CORRUPT_MESSAGE`: what a damaged row held can be neither proven nor denied. */
function batchesIn(bytes: Uint8Array, records: number): ReceivedBatch[] {
  const found = Array.from(batches(bytes), ({ count, crc }) => ({ count, crc }));
  const left = records - found.reduce((sum, { count }) => sum + count, 0);
  // `other` would make a device send again what stands where the row was cut.
  if (left !== 0) throw new StrandlineError("CORRUPT_MESSAGE", `a run without ${left} of its records`, {});
  return found;
}
