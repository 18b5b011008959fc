import { expect, test } from "vitest";
import { MemoryStore } from "../../../client/log/memory-store.ts";
import { foldSegments, type TableRecord } from "../../../client/log/table-segments.ts";
import { StoredTables } from "../../../client/log/table-store.ts";
import type { TableSegmentRow } from "../../../client/log/rows.ts";
import type { Offset, Partition, TopicKey } from "../../../shared/brands.ts";

const topicKey = 1 as TopicKey;
const utf8 = new TextEncoder();
const LARGE = 100 * 1024;

function record(offset: number, key: string, fill: number | null, more: Partial<TableRecord> = {}): TableRecord {
  const value = fill === null ? null : new Uint8Array(LARGE).fill(fill);
  return { partition: 0, offset: offset as Offset, timestamp: 1, key: utf8.encode(key), value, headers: [], ...more };
}

async function everything(tables: StoredTables): Promise<TableSegmentRow[]> {
  const segments: TableSegmentRow[] = [];
  for (let after: number | null = null; ;) {
    const part = await tables.read(topicKey, after);
    segments.push(...part.segments);
    if (part.last === null) return segments;
    after = part.last;
  }
}

const inWords = (segments: readonly TableSegmentRow[]): string =>
  [...foldSegments(segments)]
    .map(({ key, offset, value }) => `${new TextDecoder().decode(key)}@${offset}=${value?.[0]}`)
    .toSorted()
    .join(" ");

function advance(tables: StoredTables, from: number, latest: readonly TableRecord[], partition = 0): Promise<boolean> {
  const at = { topicKey, partition: partition as Partition, restarts: 0 };
  return tables.advance({ ...at, from: from as Offset, to: (from + latest.length) as Offset, latest });
}

test("it is written anew once as much has come as was there, and bears no more than is in it", async () => {
  const tables = new StoredTables(new MemoryStore());
  const before = await tables.position(topicKey);
  for (let offset = 0; offset < 60; offset += 2) {
    const some = [record(offset, `k${offset % 6}`, offset), record(offset + 1, "gone", offset === 58 ? null : 1)];
    expect(await advance(tables, offset, some)).toBe(true);
  }
  const { rewrites, positions } = await tables.position(topicKey);
  expect(rewrites).toBeGreaterThan(before.rewrites + 1);
  expect(positions).toEqual([60]);
  const segments = await everything(tables);
  // An older record of the key that is gone may still come.
  expect(inWords(segments)).toBe("gone@59=undefined k0@54=54 k2@56=56 k4@58=58");
  expect(segments.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)).toBeLessThan(30 * LARGE);
});

test("what was read from elsewhere than the table stands is refused", async () => {
  const tables = new StoredTables(new MemoryStore());
  expect(await advance(tables, 0, [record(0, "a", 1)])).toBe(false);
  await tables.position(topicKey);
  expect(await advance(tables, 1, [record(1, "a", 1)])).toBe(false);
  expect(await advance(tables, 0, [record(0, "a", 1)])).toBe(true);
  expect(await advance(tables, 0, [record(0, "a", 2)])).toBe(false);
  expect(inWords(await everything(tables))).toBe("a@0=1");
});

test("of a key in two partitions the later time counts; times far apart do not stand in one batch", async () => {
  const tables = new StoredTables(new MemoryStore());
  await tables.position(topicKey);
  const late = 1_700_000_000_000;
  await advance(tables, 0, [record(0, "a", 1, { timestamp: late }), record(1, "b", 1, { timestamp: 1 })]);
  await advance(
    tables,
    0,
    [record(0, "a", 2, { partition: 1 }), record(1, "b", 2, { partition: 1, timestamp: late })],
    1,
  );
  expect(inWords(await everything(tables))).toBe("a@0=1 b@1=2");
});

test("dropped, nothing of it is left", async () => {
  const store = new MemoryStore();
  const tables = new StoredTables(store);
  await tables.position(topicKey);
  await advance(tables, 0, [record(0, "a", 1)]);
  await tables.drop(topicKey);
  const left = await store.transact(["tables"], { mode: "readonly" }, (transaction) =>
    transaction.keys("tables", { from: 0, to: [9] }, 9),
  );
  expect(left).toEqual([]);
});
