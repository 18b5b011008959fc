/** Opening a device whose outbox is full must cost what opening an empty one costs. */
import { partition } from "../../../shared/brands.ts";
import { IdbStore } from "../../../client/log/idb-store.ts";
import { openDevice, type DeviceLog } from "../../../client/log/open-device.ts";
import { cryptoRandom, systemClock } from "../../../client/web-ports.ts";
import { fullBatch, loneRecord } from "./bench-log.ts";
import { median } from "./median.ts";
import { deleteDatabase } from "./raw-puts.ts";

export interface StartupFigures {
  readonly emptyMs: number;
  readonly fullMs: number;
  readonly pendingRecords: number;
}

export async function benchStartup({ rounds = 5, pendingBatches = 10 } = {}): Promise<StartupFigures> {
  const empty = `bench-empty-${crypto.randomUUID()}`;
  const full = `bench-full-${crypto.randomUUID()}`;
  const pendingRecords = await fill(full, pendingBatches);
  await fill(empty, 0);
  const emptyMs: number[] = [];
  const fullMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    emptyMs.push(await timeOpening(empty));
    fullMs.push(await timeOpening(full));
  }
  await Promise.all([deleteDatabase(empty), deleteDatabase(full)]);
  return { emptyMs: median(emptyMs), fullMs: median(fullMs), pendingRecords };
}

async function fill(name: string, batches: number): Promise<number> {
  const batch = fullBatch(1024 * 1024);
  return await opened(name, async ({ localLog }) => {
    const appends = Array.from({ length: batches }, () =>
      localLog.append([{ topic: "bench", partition: partition(0), batch: batch.slice() }]),
    );
    const appended = (await Promise.all(appends)).flat();
    return appended.reduce((sum, { count }) => sum + count, 0);
  });
}

/** Until the outbox is known to have something and one more append is on disk. */
async function timeOpening(name: string): Promise<number> {
  const start = performance.now();
  await opened(name, async ({ localLog, outbox }) => {
    await outbox.waiting();
    await localLog.append([{ topic: "bench", partition: partition(0), batch: loneRecord(0) }]);
  });
  return performance.now() - start;
}

async function opened<Result>(name: string, body: (log: DeviceLog) => Promise<Result>): Promise<Result> {
  const store = new IdbStore({ name, clock: systemClock, commitsEarly: true });
  try {
    return await body(
      await openDevice({
        store,
        clock: systemClock,
        random: cryptoRandom,
        namespace: "bench",
        principal: "bench",
        local: null,
      }),
    );
  } finally {
    store.close();
  }
}
