/** What stands at a sequence of one producer: voids from its state, batches from the rows. Used while reconciling, and then dropped. */
import type { ProducerId } from "../../shared/brands.ts";
import { batchBaseSequence, batchByteLength, batchCount, batchCrc } from "../../shared/record-batch.ts";
import type { LogStore, ProducerRun } from "./log-store.ts";
import type { HistoryEntry } from "./producer-reconcile.ts";
import type { DeviceProducerState } from "./producer-states.ts";

interface ReadRun {
  readonly columns: ProducerRun;
  readonly entries: ReadonlyMap<number, HistoryEntry>;
}

export class ProducerHistory {
  readonly #store: LogStore;
  readonly #id: ProducerId;
  readonly #state: DeviceProducerState | undefined;
  /** Sequences are asked for in order, so the last run is nearly always the right one. */
  #run: ReadRun | null = null;

  constructor(store: LogStore, id: ProducerId, state: DeviceProducerState | undefined) {
    this.#store = store;
    this.#id = id;
    this.#state = state;
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
    const last = this.#run?.columns;
    if (last !== undefined && sequence >= last.firstSequence && sequence < last.nextSequence) return this.#run;
    const columns = this.#store.producerRunAt(this.#id, sequence);
    const bytes = columns === null ? null : this.#store.runBytes(columns.baseOffset);
    if (columns === null || bytes === null) return null;
    this.#run = { columns, entries: entriesOf(columns, bytes) };
    return this.#run;
  }
}

function entriesOf(columns: ProducerRun, bytes: Uint8Array): Map<number, HistoryEntry> {
  const entries = new Map<number, HistoryEntry>();
  let { baseOffset } = columns;
  for (let at = 0; at < bytes.length; at += batchByteLength(bytes, at)) {
    const count = batchCount(bytes, at);
    entries.set(batchBaseSequence(bytes, at), { kind: "batch", count, crc: batchCrc(bytes, at), baseOffset });
    baseOffset += count;
  }
  return entries;
}
