/** Every reader gets the log: from where it began to the end, once each and in order, whatever happens meanwhile. */
import { describe, expect, test, vi } from "vitest";
import { seeded } from "../harness/seeded.ts";
import { newDevice, type Device } from "./device.ts";
import { evict, newPlace, recordsOf, type Place } from "./edge.ts";
import { TailReader, type Below } from "./tail-reader.ts";

const RUNS = 40;
const DEVICES = 3;
const READERS = 8;
const WINDOWS = [1, 300, 2_000, 60_000, 1_048_576];

function belowOf(seed: number): Below {
  const random = seeded(seed);
  return (limit) => Math.floor(random() * limit);
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Sends run after run; one that breaks may or may not have happened, so it is sent again. */
async function write(device: Device, name: string, below: Below): Promise<void> {
  for (let run = 0; run < RUNS; run += 1) {
    const batches = Array.from({ length: 1 + below(3) }, (_, at) => {
      const padding = "x".repeat(below(10) === 0 ? 30_000 : below(200));
      return device.batch(...Array.from({ length: 1 + below(3) }, (__, n) => `${name}${run}.${at}.${n} ${padding}`));
    });
    for (;;) {
      const answer = await device.send(...batches).catch(() => null);
      if (answer !== null && answer.error === null) break;
      if (answer !== null && !answer.error?.retriable) throw new Error(answer.error?.message);
    }
    await pause(below(4));
  }
}

async function expectTheLog(place: Place, readers: readonly TailReader[]): Promise<void> {
  const log = (await recordsOf(place)).map(({ offset, value }) => `${offset}:${value?.slice(0, 20) ?? "null"}`);
  for (const reader of readers) {
    await vi.waitFor(() => expect(reader.position).toBe(log.length), { timeout: 15_000, interval: 10 });
    reader.stop();
    expect(reader.values).toEqual(log.slice(reader.from));
  }
}

describe.each([1, 2, 3])("seed %i:", (seed) => {
  test.each(["nothing happens to", "sockets are lost by", "objects leave memory under", "all of it happens to"])(
    "%s its readers",
    async (what) => {
      const below = belowOf(seed);
      const losesOneIn = what.startsWith("sockets") || what.startsWith("all") ? 15 : 0;
      const evicts = what.startsWith("objects") || what.startsWith("all");
      const place = await newPlace();
      const devices = await Promise.all(Array.from({ length: DEVICES }, async () => await newDevice(place)));
      const writing = Promise.all(devices.map(async (device, at) => await write(device, `d${at}-`, below)));
      const readers: TailReader[] = [];
      const running: Promise<void>[] = [];
      let written = false;
      void writing.then(() => (written = true));
      while (!written || readers.length < READERS) {
        if (readers.length < READERS && below(3) === 0) {
          const offset = below((readers[0]?.position ?? 0) + 1);
          const windowBytes = WINDOWS[below(WINDOWS.length)] ?? 1;
          const reader = new TailReader({ place, offset, windowBytes, below, losesOneIn });
          readers.push(reader);
          running.push(reader.run());
        }
        if (evicts && below(8) === 0) await evict(place).catch(() => undefined);
        await pause(below(5));
      }
      await writing;
      await expectTheLog(place, readers);
      await Promise.all(running);
      expect(readers.flatMap((one) => one.errors)).toEqual([]);
    },
  );
});
