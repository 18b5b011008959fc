/**
 * The device's log against IndexedDB with nothing around it, in one worker of one browser. The machine is noisy, so
 * both sides take turns and the medians of their ratios are what counts.
 */
import { partition } from "../../../shared/brands.ts";
import type { DeviceLog } from "../../../client/log/open-device.ts";
import { fullBatch, loneRecord, withFreshLog } from "./bench-log.ts";
import { median } from "./median.ts";

const MIB = 1024 * 1024;

export interface BulkFigures {
  readonly rawSequentialMiBPerSecond: number;
  readonly rawPipelinedMiBPerSecond: number;
  readonly logMiBPerSecond: number;
  /** Of the pipelined yardstick, which is handed over in the same way. */
  readonly logShareOfRaw: number;
}

/** Ready 1 MiB batches, all handed over at once, against the same bytes put raw. Target: at least 0.85. */
export async function benchBulk({ rounds = 7, batches = 32 } = {}): Promise<BulkFigures> {
  const bytes = fullBatch(MIB);
  const figures = await repeat(rounds, () =>
    withFreshLog(async (log, raw) => {
      await append(log, bytes.slice());
      const copies = (): Uint8Array<ArrayBuffer>[] => Array.from({ length: batches }, () => bytes.slice());
      const sequential = await timed(copies(), async (all) => {
        for (const one of all) await raw.put(one);
      });
      const whole = await timed(copies(), (all) => Promise.all(all.map((one) => append(log, one))));
      const pipelined = await timed(copies(), (all) => Promise.all(all.map((one) => raw.put(one))));
      return { sequential, pipelined, whole };
    }),
  );
  const speed = (ms: readonly number[]): number => (batches * bytes.byteLength) / MIB / (median(ms) / 1000);
  return {
    rawSequentialMiBPerSecond: speed(figures.map(({ sequential }) => sequential)),
    rawPipelinedMiBPerSecond: speed(figures.map(({ pipelined }) => pipelined)),
    logMiBPerSecond: speed(figures.map(({ whole }) => whole)),
    logShareOfRaw: median(figures.map(({ pipelined, whole }) => pipelined / whole)),
  };
}

export interface LoneFigures {
  readonly rawMs: number;
  readonly logMs: number;
  /** Target: at most 1.35. */
  readonly ratio: number;
}

/** One lone append after the other against one raw strict put of the same record. */
export async function benchLone({ rounds = 7, each = 100 } = {}): Promise<LoneFigures> {
  const figures = await repeat(rounds, () =>
    withFreshLog(async (log, raw) => {
      await append(log, loneRecord(0));
      await raw.put(loneRecord(0));
      const rawMs: number[] = [];
      const logMs: number[] = [];
      for (let index = 0; index < each; index += 1) {
        rawMs.push(await timed(loneRecord(index), (one) => raw.put(one)));
        logMs.push(await timed(loneRecord(index), (one) => append(log, one)));
      }
      return { raw: median(rawMs), log: median(logMs) };
    }),
  );
  return {
    rawMs: median(figures.map(({ raw }) => raw)),
    logMs: median(figures.map(({ log }) => log)),
    ratio: median(figures.map(({ raw, log }) => log / raw)),
  };
}

export interface CrowdFigures {
  readonly rawMs: number;
  readonly logMs: number;
  /** Target: at least 20. */
  readonly timesFaster: number;
}

/** A thousand lone appends at once against a thousand raw strict transactions of one record. */
export async function benchCrowd({ rounds = 5, appends = 1_000 } = {}): Promise<CrowdFigures> {
  const figures = await repeat(rounds, () =>
    withFreshLog(async (log, raw) => {
      await append(log, loneRecord(0));
      const records = Array.from({ length: appends }, (_, index) => loneRecord(index));
      const copies = (): Uint8Array<ArrayBuffer>[] => records.map((record) => record.slice());
      const rawMs = await timed(copies(), (all) => Promise.all(all.map((one) => raw.put(one))));
      const logMs = await timed(copies(), (all) => Promise.all(all.map((one) => append(log, one))));
      return { rawMs, logMs };
    }),
  );
  return {
    rawMs: median(figures.map(({ rawMs }) => rawMs)),
    logMs: median(figures.map(({ logMs }) => logMs)),
    timesFaster: median(figures.map(({ rawMs, logMs }) => rawMs / logMs)),
  };
}

async function append({ localLog }: DeviceLog, batch: Uint8Array): Promise<void> {
  await localLog.append([{ topic: "bench", partition: partition(0), batch }], { durability: "strict" });
}

async function timed<Input>(input: Input, body: (input: Input) => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await body(input);
  return performance.now() - start;
}

async function repeat<Figure>(rounds: number, body: () => Promise<Figure>): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (let round = 0; round < rounds; round += 1) figures.push(await body());
  return figures;
}
