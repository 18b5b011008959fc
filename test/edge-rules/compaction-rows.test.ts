/** What compaction does to the rows themselves: which are written again, which go, and what the others keep. */
import { expect, test } from "vitest";
import { readReceived } from "../../edge/partition/received-batches.ts";
import { batchCrc } from "../../shared/record-batch.ts";
import { batches } from "../../shared/record-batch-decode.ts";
import { MemoryLog, compact, sealed, show } from "./compaction-fixture.ts";

test("rows that stay as they are are not written", async () => {
  const log = new MemoryLog();
  await log.write("a1 b1 / c1 / a2 / d1");
  await compact(log);
  expect(log.rewritten).toEqual([0]);
  await log.write("e1 e2 e3 e4 e5 e6 / f1");
  await compact(log, { force: true });
  expect(log.rewritten).toEqual([0, 5]);
});

test("rows keep what was received", async () => {
  const log = new MemoryLog();
  await log.write("a1 b1 | gzip: a2 c1 | d1 / a3 / d2 / e1");
  const received = [...batches(log.rows[0]?.bytes ?? new Uint8Array())].map(({ count, crc }) => ({ count, crc }));
  const columns = log.rows.map(({ lastOffset, lastCrc, appendedAt, sizeBefore }) => [
    lastOffset,
    lastCrc,
    appendedAt,
    sizeBefore,
  ]);
  await compact(log);
  expect(await show(log)).toBe("_ b1 | _ c1 | # / a3 / d2 / e1");
  expect(readReceived(log.rows[0]?.received ?? new Uint8Array())).toEqual(received);
  await log.write("b2 c2 / e2");
  await compact(log, { force: true });
  expect(await show(log)).toBe("() / a3 / d2 / e1 / b2 c2 / e2");
  expect(readReceived(log.rows[0]?.received ?? new Uint8Array())).toEqual(received);
  expect(
    log.rows
      .slice(0, 4)
      .map(({ lastOffset, lastCrc, appendedAt, sizeBefore }) => [lastOffset, lastCrc, appendedAt, sizeBefore]),
  ).toEqual(columns);
  expect(batchCrc(log.rows[4]?.bytes ?? new Uint8Array(), 0)).toBe(log.rows[4]?.lastCrc);
});

test("rows that are empty go once they are old and a snapshot covers them", async () => {
  const log = new MemoryLog();
  await log.write("a1 / a2 / a3 / c1", 100);
  await compact(log, { nowMs: 100 });
  expect(await show(log)).toBe("() / () / a3 / c1");
  const again = async (nowMs: number, snapshotsCover: number): Promise<string> => {
    await log.write("d1 d2 d3 d4 d5 d6 d7 d8", 100);
    await compact(log, { nowMs, snapshotsCover, producerStateRetentionMs: 1_000, force: true });
    return (await show(log)).split(" / c1")[0] ?? "";
  };
  expect(await again(1_099, 4)).toBe("() / () / a3");
  expect(await again(1_100, 1)).toBe("() / a3");
  expect(await again(1_100, 2)).toBe("a3");
});

test("rows of no producer go as soon as they are empty: nobody can ask for what stood in them", async () => {
  const log = new MemoryLog();
  const one = (key: string, offset: number): Uint8Array[] => [sealed([{ key, value: "1", timestamp: 0 }], offset)];
  log.append(one("a", 0), { producer: false });
  log.append(one("a", 1));
  log.append(one("b", 2), { producer: false });
  log.append(one("a", 3), { producer: false });
  log.append(one("c", 4), { producer: false });
  await compact(log);
  expect(await show(log)).toBe("() / b1 / a1 / c1");
  expect(log.rewritten).toEqual([1]);
});

test("rows of no producer whose bytes are damaged to nothing stay: readers are to be told", async () => {
  const log = new MemoryLog();
  for (const [offset, key] of ["a", "a", "b"].entries())
    log.append([sealed([{ key, value: "1", timestamp: 0 }], offset)], { producer: false });
  log.rows = log.rows.map((row) => (row.baseOffset === 0 ? { ...row, bytes: new Uint8Array() } : row));
  await compact(log);
  expect(log.rows.map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 2]);
});

test("rows that retention drops between read and write stay dropped", async () => {
  const log = new MemoryLog();
  await log.write("gzip: a1 b1 / gzip: a2 b2 / b3 a3 / c1");
  let reads = 0;
  log.onRead = (baseOffset) => {
    reads += baseOffset === 0 ? 1 : 0;
    if (reads === 2) log.dropBelow(2);
  };
  await compact(log);
  expect(log.rows[0]?.baseOffset).toBe(2);
  expect(await show(log)).toBe("() / b3 a3 / c1");
  expect(log.rewritten).toEqual([2]);
});
