/** `message.timestamp.type=LogAppendTime`: stored batches carry the edge's time; what was received is known all the same. */
import { afterEach, expect, test, vi } from "vitest";
import { gzipBatch } from "../../shared/gzip.ts";
import { batches, records } from "../../shared/record-batch-decode.ts";
import { hasLogAppendTime } from "../../shared/record-batch.ts";
import { runBytesOf } from "./aged-log.ts";
import { newDevice, plainBatch, produceRun, type SealedBatch } from "./device.ts";
import { call, evict, newPlace, recordsOf, type Place } from "./edge.ts";
import { fetchOne } from "./fetcher.ts";

const CONFIG = { "message.timestamp.type": "LogAppendTime" };

afterEach(() => void vi.restoreAllMocks());

interface Stamped {
  readonly baseOffset: number;
  readonly crc: number;
  readonly times: readonly number[];
}

/** Throws where a CRC is not true. */
async function stampedOf(place: Place): Promise<Stamped[]> {
  const runs = await runBytesOf(place);
  return runs.flatMap((bytes) =>
    Array.from(batches(bytes), (batch) => {
      expect(hasLogAppendTime(batch.attributes)).toBe(true);
      return {
        baseOffset: batch.baseOffset,
        crc: batch.crc,
        times: [...Array.from(records(batch), ({ timestamp }) => timestamp), batch.maxTimestamp],
      };
    }),
  );
}

test("stored batches have the edge's time, its bit and a true CRC, and the answer says so", async () => {
  const place = await newPlace(CONFIG);
  const device = await newDevice(place);
  const before = Date.now();
  const sent = [device.batch("a", "b"), device.batch("c")];
  const answer = await device.send(...sent);
  const { logAppendTime } = answer;
  expect(logAppendTime).toBeGreaterThanOrEqual(before);
  expect(logAppendTime).toBeLessThanOrEqual(Date.now());
  const nobody = await produceRun(place, plainBatch(["d"]));
  const stored = await stampedOf(place);
  expect(stored.map(({ baseOffset, times }) => [baseOffset, ...times])).toEqual([
    [0, logAppendTime, logAppendTime, logAppendTime],
    [2, logAppendTime, logAppendTime],
    [3, nobody.logAppendTime, nobody.logAppendTime],
  ]);
  for (const { crc } of stored) expect(sent.map((one) => Number(one.crc))).not.toContain(crc);
  expect((await recordsOf(place)).map(({ timestamp }) => timestamp)).toEqual([
    logAppendTime,
    logAppendTime,
    logAppendTime,
    nobody.logAppendTime,
  ]);
});

test.each([false, true])("what was sent is known by the CRCs as they were received (evicted: %s)", async (evicted) => {
  const place = await newPlace(CONFIG);
  const device = await newDevice(place);
  const sent = Array.from({ length: 5 }, (_, at) => device.batch(`${at}`, "and more"));
  const [first, ...others] = sent as [SealedBatch, ...SealedBatch[]];
  await device.send(first);
  await device.send(...others.slice(0, 2));
  if (evicted) await evict(place);
  // A run of which the log has a part.
  const half = await device.send(...others.slice(1));
  expect(half).toMatchObject({ error: null, nextSequence: 10, highWatermark: 10, chain: device.chain });
  if (evicted) await evict(place);
  const held = await device.reconcile(sent);
  expect(held).toMatchObject({
    nextSequence: 10,
    chain: device.chain,
    batches: [0, 2, 4, 6, 8].map((baseOffset) => ({ verdict: "held", baseOffset })),
  });
  for (const batch of sent.slice(-2))
    expect(await device.send(batch)).toMatchObject({ highWatermark: 10, logAppendTime: null });
  const twin = device.twin();
  twin.sequence = 8;
  expect(await twin.send(twin.batch("other", "bytes"))).toMatchObject({ error: { code: "SEQUENCE_CONFLICT" } });
  expect(await device.send(device.batch("next"))).toMatchObject({ error: null, baseOffset: 10 });
});

test("a reader's CRC of a stamped batch fits, and so does the one that was sent", async () => {
  const place = await newPlace(CONFIG);
  const device = await newDevice(place);
  const sent = [device.batch("a"), device.batch("b"), device.batch("c")];
  await device.send(...sent);
  await device.send(device.batch("d"));
  const stored = await stampedOf(place);
  for (const fresh of [false, true]) {
    if (fresh) await evict(place);
    for (const { baseOffset, crc } of stored) {
      const offset = baseOffset + 1;
      const fits = await fetchOne({ ...place, offset, previousCrc: crc as never });
      expect(fits).toMatchObject({ error: null, leaderEpoch: { counter: 0 } });
      const lies = await fetchOne({ ...place, offset, previousCrc: ((crc ^ 1) >>> 0) as never });
      expect(lies.error).toMatchObject({ code: "TRUNCATED", divergence: baseOffset });
    }
  }
  expect(await fetchOne({ ...place, offset: 2, previousCrc: sent[1]?.crc ?? null })).toMatchObject({ error: null });
});

test("R27 times are looked for by what was stamped, and never go back with the clock", async () => {
  const place = await newPlace(CONFIG);
  const device = await newDevice(place);
  const real = Date.now();
  const now = vi.spyOn(Date, "now");
  const times: number[] = [];
  for (const at of [real, real + 1_000, real - 5_000, real + 2_000]) {
    now.mockReturnValue(at);
    times.push((await device.send(device.batch({ value: "x", timestamp: 7 }))).logAppendTime ?? -1);
  }
  expect(times).toEqual([real, real + 1_000, real + 1_000, real + 2_000]);
  const found = async (at: number): Promise<unknown> => {
    const answer = await call(`/v1/topics/${place.name}/partitions/0/offsets?at=${at}`);
    const { offset, timestamp } = (await answer.json()) as { offset: unknown; timestamp: unknown };
    return [offset, timestamp];
  };
  await evict(place);
  expect(await found(0)).toEqual([0, real]);
  expect(await found(real + 1)).toEqual([1, real + 1_000]);
  expect(await found(real + 2_000)).toEqual([3, real + 2_000]);
  expect(await found(real + 2_001)).toEqual([null, null]);
});

test("gzip batches are stamped as well, and open with the edge's time", async () => {
  const place = await newPlace(CONFIG);
  const device = await newDevice(place);
  const value = "long enough to be worth it ".repeat(20);
  const sealed = device.seal(await gzipBatch(plainBatch([value, value])), 2);
  const { logAppendTime } = await device.send(sealed);
  const found = await recordsOf(place);
  expect(found.map(({ timestamp }) => timestamp)).toEqual([logAppendTime, logAppendTime]);
  expect(await device.send(sealed)).toMatchObject({ error: null, baseOffset: 0, highWatermark: 2 });
});
