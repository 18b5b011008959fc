import { evictDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import type { ProduceAnswer } from "../../shared/api/produce.ts";
import type { Chain } from "../../shared/brands.ts";
import { writeEnvelope } from "../../shared/envelope.ts";
import { kafkaBatch, newDevice, plainBatch, produceRun, runOf } from "./device.ts";
import { call, newPlace, stubOf, valuesOf } from "./edge.ts";

const OTHER_CHAIN = 7 as Chain;

describe("the decision table of device producers", () => {
  test("no state, sequence 0 and chain 0: appended", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    const answer = await device.send(device.batch("a", "b"));
    expect(answer).toMatchObject({
      error: null,
      nextSequence: 2,
      chain: device.chain,
      baseOffset: 0,
      highWatermark: 2,
    });
    expect(await valuesOf(place)).toEqual(["a", "b"]);
  });

  test("no state, a later sequence: UNKNOWN_PRODUCER_ID", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    device.batch("never sent");
    const answer = await device.send(device.batch("a"));
    expect(answer).toMatchObject({
      error: { code: "UNKNOWN_PRODUCER_ID" },
      nextSequence: null,
      chain: 0,
      held: [],
      baseOffset: null,
    });
    expect(await valuesOf(place)).toEqual([]);
  });

  test("no state, sequence 0 and another chain: UNKNOWN_PRODUCER_ID", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    const answer = await device.sendAs({ chain: OTHER_CHAIN }, device.batch("a"));
    expect(answer).toMatchObject({ error: { code: "UNKNOWN_PRODUCER_ID" }, nextSequence: null, chain: 0 });
    expect(await valuesOf(place)).toEqual([]);
  });

  test("next in line, chain equal: appended", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    await device.send(device.batch("a"));
    const answer = await device.send(device.batch("b"), device.batch("c", "d"));
    expect(answer).toMatchObject({
      error: null,
      nextSequence: 4,
      chain: device.chain,
      baseOffset: 1,
      highWatermark: 4,
    });
    expect(answer.held).toEqual([{ sequence: 1, count: 3, baseOffset: 1 }]);
    expect(await valuesOf(place)).toEqual(["a", "b", "c", "d"]);
  });

  test("next in line, chain differs: SEQUENCE_CONFLICT with the proof of what is held", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    const twin = device.twin();
    await device.send(device.batch("a"));
    twin.batch("another a");
    const answer = await twin.send(twin.batch("b"));
    expect(answer).toMatchObject({
      error: { code: "SEQUENCE_CONFLICT", retriable: false },
      nextSequence: 1,
      chain: device.chain,
    });
    expect(await valuesOf(place)).toEqual(["a"]);
  });

  test("ahead of the line: OUT_OF_ORDER_SEQUENCE_NUMBER with the proof", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    await device.send(device.batch("a"));
    const { chain } = device;
    device.batch("lost");
    const answer = await device.send(device.batch("c"));
    expect(answer).toMatchObject({ error: { code: "OUT_OF_ORDER_SEQUENCE_NUMBER" }, nextSequence: 1, chain });
    expect(await valuesOf(place)).toEqual(["a"]);
  });

  test("all of it is held and its end is the producer's: a duplicate, which is success, with its offsets", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    const run = [device.batch("a"), device.batch("b", "c")];
    const first = await device.send(...run);
    expect(await device.send(...run)).toEqual(first);
    expect(await valuesOf(place)).toEqual(["a", "b", "c"]);
  });

  test("a part is held: up to there a duplicate, the rest appended, all offsets told", async () => {
    const place = await newPlace();
    const [device, other] = [await newDevice(place), await newDevice(place)];
    const [a, b, c] = [device.batch("a", "b"), device.batch("c"), device.batch("d", "e")];
    await device.send(a);
    await other.send(other.batch("x"));
    await device.send(b);
    await other.send(other.batch("y"));
    const answer = await device.send(a, b, c);
    expect(answer).toMatchObject({
      error: null,
      nextSequence: 5,
      chain: device.chain,
      baseOffset: 0,
      highWatermark: 7,
    });
    expect(answer.held).toEqual([
      { sequence: 0, count: 2, baseOffset: 0 },
      { sequence: 2, count: 1, baseOffset: 3 },
      { sequence: 3, count: 2, baseOffset: 5 },
    ]);
    expect(await valuesOf(place)).toEqual(["a", "b", "x", "c", "y", "d", "e"]);
  });

  test("a run that begins within a held one: the offsets of its part", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    const [a, b, c] = [device.batch("a", "b"), device.batch("c"), device.batch("d")];
    await device.send(a, b);
    const answer = await device.send(b, c);
    expect(answer).toMatchObject({ error: null, baseOffset: 2, nextSequence: 4 });
    expect(answer.held).toEqual([
      { sequence: 2, count: 1, baseOffset: 2 },
      { sequence: 3, count: 1, baseOffset: 3 },
    ]);
  });

  test("behind the line, ends before it: DUPLICATE_SEQUENCE_NUMBER with the proof", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    const [a, b] = [device.batch("a"), device.batch("b")];
    await device.send(a, b);
    const answer = await device.send(a);
    expect(answer).toMatchObject({
      error: { code: "DUPLICATE_SEQUENCE_NUMBER" },
      nextSequence: 2,
      chain: device.chain,
    });
    expect(await valuesOf(place)).toEqual(["a", "b"]);
  });

  test("behind the line, the same numbers and other bytes: SEQUENCE_CONFLICT, never taken for held", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    const twin = device.twin();
    await device.send(device.batch("a"));
    const answer = await twin.send(twin.batch("z"), twin.batch("b"));
    expect(answer).toMatchObject({ error: { code: "SEQUENCE_CONFLICT" }, nextSequence: 1, chain: device.chain });
    expect(await valuesOf(place)).toEqual(["a"]);
  });

  test("behind the line, borders that do not meet: SEQUENCE_CONFLICT", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    const twin = device.twin();
    await device.send(device.batch("a", "b"));
    const answer = await twin.send(twin.batch("a"), twin.batch("b", "c"));
    expect(answer).toMatchObject({ error: { code: "SEQUENCE_CONFLICT" }, nextSequence: 2, chain: device.chain });
    expect(await valuesOf(place)).toEqual(["a", "b"]);
  });
});

test("the offset of a run's first record is null where it is no longer known, never another record's", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  const batches = Array.from("abcdefg", (value) => device.batch(value));
  for (const batch of batches) await device.send(batch);
  const answer = await device.send(...batches);
  expect(answer).toMatchObject({ error: null, nextSequence: 7, baseOffset: null });
  expect(answer.held.map((range) => range.sequence)).toEqual([2, 3, 4, 5, 6]);
  const longer = await device.send(...batches, device.batch("h"));
  expect(longer).toMatchObject({ error: null, nextSequence: 8, baseOffset: null });
});

describe("Kafka's own producers, and none", () => {
  test("a batch without a producer is appended every time, and proves nothing", async () => {
    const place = await newPlace();
    const run = plainBatch(["a", "b"]);
    const answer = await produceRun(place, run);
    expect(answer).toMatchObject({ error: null, nextSequence: null, chain: 0, baseOffset: 0, highWatermark: 2 });
    expect(await produceRun(place, run)).toMatchObject({ error: null, baseOffset: 2, highWatermark: 4 });
    expect(await valuesOf(place)).toEqual(["a", "b", "a", "b"]);
  });

  test("several batches without a producer are one run", async () => {
    const place = await newPlace();
    const run = runOf([{ bytes: plainBatch(["a"]) }, { bytes: plainBatch(["b", "c"]) }]);
    expect(await produceRun(place, run)).toMatchObject({ error: null, baseOffset: 0, highWatermark: 3 });
    expect(await valuesOf(place)).toEqual(["a", "b", "c"]);
  });

  test("the same batch again is a duplicate with its old offset, as long as five newer ones have not come", async () => {
    const place = await newPlace();
    const runs = Array.from({ length: 6 }, (_, sequence) => kafkaBatch([`${sequence}`], { id: 9, epoch: 0, sequence }));
    for (const run of runs) expect(await produceRun(place, run)).toMatchObject({ error: null });
    expect(await produceRun(place, runs[1]!)).toMatchObject({ error: null, baseOffset: 1, highWatermark: 6 });
    expect(await produceRun(place, runs[0]!)).toMatchObject({ error: { code: "OUT_OF_ORDER_SEQUENCE_NUMBER" } });
    expect(await valuesOf(place)).toEqual(["0", "1", "2", "3", "4", "5"]);
  });

  test("a new epoch begins at 0 and fences the old one", async () => {
    const place = await newPlace();
    expect(await produceRun(place, kafkaBatch(["a"], { id: 9, epoch: 3, sequence: 70 }))).toMatchObject({
      error: null,
    });
    const gap = await produceRun(place, kafkaBatch(["b"], { id: 9, epoch: 4, sequence: 71 }));
    expect(gap).toMatchObject({ error: { code: "OUT_OF_ORDER_SEQUENCE_NUMBER" } });
    expect(await produceRun(place, kafkaBatch(["c"], { id: 9, epoch: 4, sequence: 0 }))).toMatchObject({ error: null });
    const fenced = await produceRun(place, kafkaBatch(["d"], { id: 9, epoch: 3, sequence: 71 }));
    expect(fenced).toMatchObject({ error: { code: "INVALID_PRODUCER_EPOCH" } });
    expect(await valuesOf(place)).toEqual(["a", "c"]);
  });

  test("its sequences wrap at 2^31, also over an eviction", async () => {
    const place = await newPlace();
    expect(await produceRun(place, kafkaBatch(["a", "b"], { id: 9, epoch: 0, sequence: 0x7fff_ffff }))).toMatchObject({
      error: null,
    });
    await evictDurableObject(stubOf(place));
    expect(await produceRun(place, kafkaBatch(["c"], { id: 9, epoch: 0, sequence: 1 }))).toMatchObject({ error: null });
    expect(await valuesOf(place)).toEqual(["a", "b", "c"]);
  });
});

test("partitions of one request answer each for itself", async () => {
  const place = await newPlace({}, 2);
  const other = { ...place, partition: 1 };
  const [good, bad] = [await newDevice(place), await newDevice(other)];
  bad.batch("never sent");
  const runs = [good.batch("a"), bad.batch("b")];
  const partitions = [place, other].map((one, index) => ({
    topicId: one.topicId,
    partition: one.partition,
    leaderEpoch: null,
    producerKey: [good, bad][index]?.key,
    chain: runs[index]?.chainBefore,
    bytes: runs[index]?.bytes.length,
  }));
  const response = await call("/v1/produce", {
    body: writeEnvelope(
      { partitions },
      runs.map((run) => run.bytes),
    ),
  });
  expect(response.status).toBe(200);
  const answer: ProduceAnswer = await response.json();
  expect(answer.partitions).toMatchObject([
    { partition: 0, error: null, nextSequence: 1 },
    { partition: 1, error: { code: "UNKNOWN_PRODUCER_ID" } },
  ]);
  expect([await valuesOf(place), await valuesOf(other)]).toEqual([["a"], []]);
});
