/** A request under an Idempotency-Key is carried out once, however often it comes. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { ANYBODY, type Caller } from "../../edge/auth/caller.ts";
import { idempotencyKeyOf, idempotencyOf } from "../../edge/intake/idempotency-key.ts";
import type { OutgoingRecord } from "../../edge/intake/outgoing-record.ts";
import { sendOnce } from "../../edge/operations/send-once.ts";
import type { RecordOutcome } from "../../edge/operations/send-records.ts";
import { requestPorts } from "../../edge/request-ports.ts";
import { bytesOf } from "../../shared/utf8.ts";
import { age, sql } from "./aged-log.ts";
import { newDevice } from "./device.ts";
import { evict, newPlace, recordsOf, valuesOf, type Place } from "./edge.ts";

type Some = Partial<OutgoingRecord> & { readonly value: string };

function recordOf(record: Some): OutgoingRecord {
  return { key: null, headers: [], partition: null, timestamp: null, ...record };
}

/** The body is what the records are as JSON. */
async function send(
  place: Place,
  key: string,
  records: readonly Some[],
  { principal = "anonymous" }: Partial<Caller> = {},
): Promise<readonly RecordOutcome[]> {
  const ports = await requestPorts(env, { ...ANYBODY, principal }, () => undefined);
  const topic = await ports.topics.byName(place.name);
  if (topic === null) throw new Error("no topic");
  const idempotency = await idempotencyOf(ports.caller, key, bytesOf(JSON.stringify(records)));
  return await sendOnce(ports, topic, records.map(recordOf), idempotency);
}

const offsets = (outcomes: readonly RecordOutcome[]): unknown[] =>
  outcomes.map((one) => (one.error === null ? `${one.partition}@${one.offset}` : one.error.code));

async function allValues(place: Place, partitions: number): Promise<string[]> {
  const found: string[] = [];
  for (let partition = 0; partition < partitions; partition += 1)
    found.push(...(await recordsOf({ ...place, partition })).map(({ value }) => value ?? ""));
  return found.toSorted();
}

const ABC = [{ value: "a" }, { value: "b", key: "k" }, { value: "c" }];

test("R02 again, at once, after an eviction, at the same moment: the same answer, and stored once", async () => {
  const place = await newPlace({}, 3);
  const [first, twin] = await Promise.all([send(place, "k1", ABC), send(place, "k1", ABC)]);
  expect(offsets(twin)).toEqual(offsets(first));
  expect(offsets(await send(place, "k1", ABC))).toEqual(offsets(first));
  for (const partition of [0, 1, 2]) await evict({ ...place, partition });
  expect(offsets(await send(place, "k1", ABC))).toEqual(offsets(first));
  expect(await allValues(place, 3)).toEqual(["a", "b", "c"]);
});

test("records without a time get that of their append, and keep it", async () => {
  const place = await newPlace();
  const before = Date.now();
  await send(place, "k1", ABC);
  const stored = await recordsOf(place);
  for (const { timestamp } of stored) expect(timestamp).toBeGreaterThanOrEqual(before);
  expect(new Set(stored.map(({ timestamp }) => timestamp)).size).toBe(1);
  await send(place, "k1", ABC);
  await evict(place);
  expect(await recordsOf(place)).toEqual(stored);
});

test("times that are stated stand; what states none has the latest of them", async () => {
  const place = await newPlace();
  const records = [{ value: "a", timestamp: 5_000 }, { value: "b" }, { value: "c", timestamp: 7_000 }];
  await send(place, "k1", records);
  await send(place, "k1", records);
  expect((await recordsOf(place)).map(({ timestamp }) => timestamp)).toEqual([5_000, 7_000, 7_000]);
});

test("of a topic with LogAppendTime the log's time stands, and the request is known all the same", async () => {
  const place = await newPlace({ "message.timestamp.type": "LogAppendTime" });
  const first = offsets(await send(place, "k1", ABC));
  expect(offsets(await send(place, "k1", ABC))).toEqual(first);
  expect(await valuesOf(place)).toEqual(["a", "b", "c"]);
});

test.each([
  ["another value", [{ value: "x" }, { value: "b", key: "k" }, { value: "c" }]],
  ["fewer records", ABC.slice(0, 2)],
  ["more records", [...ABC, { value: "d" }]],
  ["the same records in another body", ABC.map((record) => ({ ...record, headers: [] }))],
])("another body under the key is refused, and nothing of it is stored: %s", async (_, other) => {
  const place = await newPlace();
  await send(place, "k1", ABC);
  await expect(send(place, "k1", other)).rejects.toMatchObject({
    code: "IDEMPOTENCY_KEY_REUSED",
    retriable: false,
    details: { partition: 0 },
  });
  expect(await valuesOf(place)).toEqual(["a", "b", "c"]);
});

test("S03 keys are the principal's own, and those of other requests say nothing of each other", async () => {
  const place = await newPlace();
  await send(place, "k1", ABC);
  await send(place, "k1", ABC, { principal: "ann" });
  await send(place, "k2", ABC);
  expect((await valuesOf(place)).length).toBe(9);
});

test("records that are refused are refused again, and the others stored once", async () => {
  const place = await newPlace();
  const records = [{ value: "a" }, { value: "b", partition: 7 }, { value: "c" }];
  const first = offsets(await send(place, "k1", records));
  expect(first).toEqual(["0@0", "UNKNOWN_TOPIC_OR_PARTITION", "0@1"]);
  expect(offsets(await send(place, "k1", records))).toEqual(first);
});

test("what is more than one batch for a partition is refused whole", async () => {
  const place = await newPlace({ "max.message.bytes": "1000" });
  const records = Array.from({ length: 3 }, () => ({ value: "x".repeat(500) }));
  expect(new Set(offsets(await send(place, "k1", records)))).toEqual(new Set(["RECORD_LIST_TOO_LARGE"]));
  expect(await valuesOf(place)).toEqual([]);
});

test("it costs no row of its own, and is known for a day, in a partition that goes on", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  const first = offsets(await send(place, "k1", [{ value: "a" }]));
  const rows = async (): Promise<unknown> => (await sql(place, "SELECT COUNT(*) AS n FROM runs"))[0];
  expect(await rows()).toEqual({ n: 1 });
  for (let turn = 0; turn < 40; turn += 1) await device.send(device.batch("x"));
  await age(place, 23 * 3_600_000);
  for (let turn = 0; turn < 40; turn += 1) await device.send(device.batch("x"));
  await evict(place);
  expect(offsets(await send(place, "k1", [{ value: "a" }]))).toEqual(first);
});

test("a key is visible ASCII, bare or as a structured field's string", () => {
  const keyOf = (text: string): string | null => idempotencyKeyOf(new Headers({ "idempotency-key": text }));
  expect(idempotencyKeyOf(new Headers())).toBeNull();
  expect([keyOf("abc-1"), keyOf('"abc-1"')]).toEqual(["abc-1", "abc-1"]);
  for (const bad of ["", '""', "a b", "a".repeat(256), "\u00e9"])
    expect(() => keyOf(bad), bad).toThrow(/Idempotency-Key: 1 to 255 visible ASCII/);
});
