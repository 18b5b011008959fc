import { openDevice, type DeviceLog } from "../../../client/log/open-device.ts";
import { IdbStore } from "../../../client/log/idb-store.ts";
import { cryptoRandom, systemClock } from "../../../client/web-ports.ts";
import { RecordBatchEncoder } from "../../../shared/record-batch-encode.ts";
import { deleteDatabase, RawPuts } from "./raw-puts.ts";

/** A fresh device log and a fresh yardstick for the time of `body`. */
export async function withFreshLog<Result>(body: (log: DeviceLog, raw: RawPuts) => Promise<Result>): Promise<Result> {
  const name = `bench-${crypto.randomUUID()}`;
  const store = new IdbStore({ name, clock: systemClock, commitsEarly: true });
  const raw = await RawPuts.open(`${name}-raw`);
  try {
    const log = await openDevice({
      store,
      clock: systemClock,
      random: cryptoRandom,
      namespace: "bench",
      principal: "bench",
      local: null,
    });
    return await body(log, raw);
  } finally {
    store.close();
    raw.close();
    await Promise.all([deleteDatabase(name), deleteDatabase(`${name}-raw`)]);
  }
}

/** Records of about 110 bytes, until the batch has `bytesMax`; without a CRC, as the page hands them over. */
export function fullBatch(bytesMax: number): Uint8Array<ArrayBuffer> {
  const encoder = new RecordBatchEncoder();
  const value = crypto.getRandomValues(new Uint8Array(90));
  for (let index = 0; encoder.byteLength + 140 <= bytesMax; index += 1) {
    encoder.append({ key: `key-${index % 1000}`, value, timestamp: 1_800_000_000_000 + index });
  }
  return encoder.finish({ crc: false });
}

export function loneRecord(index: number): Uint8Array<ArrayBuffer> {
  const encoder = new RecordBatchEncoder();
  encoder.append({ key: `key-${index}`, value: new Uint8Array(90).fill(index), timestamp: 1_800_000_000_000 + index });
  return encoder.finish({ crc: false });
}
