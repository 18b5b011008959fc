/** Entity tags of records. */
import { expect, test } from "vitest";
import type { RunRead } from "../../edge/operations/records.ts";
import { entityTag, isNamed } from "../../edge/routes/entity-tag.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";

function batchOf(...values: readonly string[]): Uint8Array {
  const encoder = new RecordBatchEncoder();
  for (const value of values) encoder.append({ key: null, timestamp: 0, value });
  return encoder.finish();
}

function tagOf(read: Partial<RunRead>): string {
  const bounds = { leaderEpoch: { counter: 0, random: 1 }, logStartOffset: 0, highWatermark: 2 };
  const rest = { topicId: "id", offset: 0, nextOffset: 2, divergence: null, error: null, bytes: batchOf("a", "b") };
  return entityTag({ ...bounds, ...rest, ...read } as RunRead, "json");
}

test("compaction moves no bound and changes the tag", () => {
  expect(tagOf({})).toBe(tagOf({}));
  expect(tagOf({ bytes: batchOf("b") })).not.toBe(tagOf({}));
  expect(tagOf({ bytes: new Uint8Array() })).not.toBe(tagOf({}));
});

test.each<Partial<RunRead>>([
  { topicId: "other" },
  { leaderEpoch: { counter: 1, random: 1 } },
  { leaderEpoch: { counter: 0, random: 2 } },
  { offset: 1 },
  { nextOffset: 1 },
  { logStartOffset: 1 },
  { highWatermark: 3 },
])("%j is part of it", (read) => {
  expect(tagOf(read)).not.toBe(tagOf({}));
});

test.each([
  [null, false],
  ["", false],
  ["*", true],
  ['"a"', true],
  ['W/"a"', true],
  ['"b", "a"', true],
  ['"b"', false],
  ["a", false],
  ['"A"', false],
])("If-None-Match %j names the tag: %s", (header, named) => {
  expect(isNamed('"a"', header)).toBe(named);
});
