/** What stands at a producer's sequences, and what it costs to find out. */
import { expect, test } from "vitest";
import type { ProducerRun, SequenceRange } from "../../edge/partition/log-rows.ts";
import { ProducerHistory, type RunRows } from "../../edge/partition/producer-history.ts";
import type { DeviceProducerState } from "../../edge/partition/producer-states.ts";
import { NO_CHAIN, type ProducerId } from "../../shared/brands.ts";
import { batchCrc } from "../../shared/record-batch.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import { seal } from "../../shared/record-batch-seal.ts";

const ID = "4000000000000001" as ProducerId;
const RUNS = 100;
const RECENT = 5;

/** Every run is one batch of one record: sequence = offset = index. */
const rows = Array.from({ length: RUNS }, (_, sequence) => {
  const encoder = new RecordBatchEncoder();
  encoder.append({ key: null, value: `v${sequence}`, timestamp: 1 });
  const bytes = encoder.finish();
  seal(bytes, 0, { producerId: ID, baseSequence: sequence });
  return bytes;
});

class CountedRows implements RunRows {
  scans: SequenceRange[] = [];
  readonly #kept: (offset: number) => boolean;

  constructor(kept: (offset: number) => boolean = () => true) {
    this.#kept = kept;
  }

  runBytes(baseOffset: number): Uint8Array | null {
    return this.#kept(baseOffset) ? (rows[baseOffset] ?? null) : null;
  }

  received(): null {
    return null;
  }

  producerRunsWithin(id: ProducerId, asked: SequenceRange): ProducerRun[] {
    this.scans.push(asked);
    return rows.flatMap((_, at) => {
      if (at < asked.from || at >= asked.end || !this.#kept(at)) return [];
      const row = { id, epoch: 0, firstSequence: at, nextSequence: at + 1, chainAfter: 0 };
      return [{ ...row, baseOffset: at, lastOffset: at }];
    });
  }
}

const state: DeviceProducerState = {
  nextSequence: RUNS,
  chain: NO_CHAIN,
  recent: Array.from({ length: RECENT }, (_, index) => {
    const at = RUNS - RECENT + index;
    return { sequence: at, count: 1, baseOffset: at };
  }),
  voids: [],
};

function kindsOf(counted: CountedRows, asked: SequenceRange): string[] {
  const history = new ProducerHistory(counted, { id: ID, state }, asked);
  return Array.from({ length: asked.end - asked.from }, (_, index) => history.at(asked.from + index).kind);
}

test("recent runs are found by memory: no row is gone through", () => {
  const counted = new CountedRows();
  expect(kindsOf(counted, { from: RUNS - RECENT, end: RUNS })).toEqual(Array.from({ length: RECENT }, () => "batch"));
  expect(counted.scans).toEqual([]);
});

test("older ones by going through the rows once, however many are asked for", () => {
  const counted = new CountedRows();
  expect(kindsOf(counted, { from: 10, end: RUNS })).toEqual(Array.from({ length: RUNS - 10 }, () => "batch"));
  expect(counted.scans).toEqual([{ from: 10, end: RUNS }]);
});

test("and once where all of them are gone", () => {
  const counted = new CountedRows(() => false);
  expect(kindsOf(counted, { from: 0, end: RUNS })).toEqual(Array.from({ length: RUNS }, () => "gone"));
  expect(counted.scans).toHaveLength(1);
});

test("a batch is told by the CRC and the offset it has in the log", () => {
  const history = new ProducerHistory(new CountedRows(), { id: ID, state }, { from: 3, end: 4 });
  const crc = batchCrc(rows[3] as Uint8Array, 0);
  expect(history.at(3)).toEqual({ kind: "batch", count: 1, crc, baseOffset: 3 });
});
