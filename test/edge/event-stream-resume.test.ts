/** Event streams over what happens to them: what compresses, objects that leave memory, browsers that come back. */
import { runInDurableObject } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import { gzipBatch } from "../../shared/gzip.ts";
import { ATTRIBUTES_AT, writeInt16 } from "../../shared/record-batch.ts";
import { writeCrc } from "../../shared/record-batch-encode.ts";
import { seeded } from "../harness/seeded.ts";
import { kafkaBatch, newDevice, plainBatch, produceRun } from "./device.ts";
import { call, evict, newPlace, recordsOf, stubOf } from "./edge.ts";
import { eventsOf, type EventReader } from "./event-reader.ts";

/** A machine that is quick reads all of it over one. */
const STREAMS_MIN = 3;

test("gzip batches of a device are opened", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  const packed = await gzipBatch(plainBatch(["x".repeat(500), "y"]));
  expect((await device.send(device.seal(packed, 2))).error).toBeNull();
  const events = await eventsOf(place);
  await events.untilValues(`0:${"x".repeat(500)}`, "1:y");
  await events.cancel();
});

test("snappy of a Kafka producer is refused where it stands, behind what stands before it", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  await device.send(device.batch("a"));
  const snappy = kafkaBatch(["b"], { id: 7, epoch: 0, sequence: 0 });
  writeInt16(snappy, ATTRIBUTES_AT, 2);
  writeCrc(snappy, 0);
  expect((await produceRun(place, snappy)).error).toBeNull();
  const events = await eventsOf(place);
  await vi.waitFor(() => expect(events.done).toBe(true));
  expect(events.values).toEqual(["0:a"]);
  expect(events.text).toMatch(/event: refused\nretry: \d+\ndata: \{"error":\{.*"UNSUPPORTED_COMPRESSION_TYPE"/);
  await vi.waitFor(async () =>
    expect(await runInDurableObject(stubOf(place), (_, state) => state.getWebSockets().length)).toBe(0),
  );
});

test("a topic that is deleted ends its streams with the reason", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  await device.send(device.batch("a"));
  const events = await eventsOf(place);
  await events.untilValues("0:a");
  await stubOf(place).destroy({ namespace: "default", topicId: place.topicId, partition: 0 });
  await vi.waitFor(() => expect(events.done).toBe(true));
  expect(events.text).toContain("UNKNOWN_TOPIC_ID");
});

test.each([1, 2, 3])("seed %i: streams that are lost and taken up by Last-Event-ID make the log", async (seed) => {
  const random = seeded(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const place = await newPlace();
  const device = await newDevice(place);
  let written = false;
  const writing = (async () => {
    for (let run = 0; run < 60; run += 1) {
      await device.send(device.batch(...Array.from({ length: 1 + below(3) }, (_, n) => `v${run}.${n}\n\nid: 7`)));
      await new Promise((resolve) => setTimeout(resolve, below(5)));
    }
    written = true;
  })();
  const values: string[] = [];
  const log = async (): Promise<string[]> => (await recordsOf(place)).map((one) => `${one.offset}:${one.value}`);
  let lastEventId: string | null = null;
  let streams = 0;
  for (let end = Infinity; values.length < end || streams < STREAMS_MIN;) {
    const events: EventReader = await eventsOf(place, lastEventId === null ? {} : { "last-event-id": lastEventId });
    streams += 1;
    const until = performance.now() + (written ? 200 : below(40));
    await vi.waitFor(() => expect(events.values.length > 0 || performance.now() > until).toBe(true), { interval: 2 });
    if (below(2) === 0) await evict(place);
    await new Promise((resolve) => setTimeout(resolve, below(20)));
    values.push(...events.values);
    lastEventId = events.ids.at(-1) ?? lastEventId;
    await events.cancel();
    if (written) end = (await log()).length;
  }
  await writing;
  expect(values).toEqual(await log());
  expect(streams).toBeGreaterThanOrEqual(STREAMS_MIN);
});

test("a reader that takes nothing holds no more of the log than its window", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  const response = await call(`/v1/topics/${place.name}/partitions/0/records`, {
    headers: { accept: "text/event-stream" },
  });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  for (let run = 0; run < 8; run += 1) await device.send(device.batch("x".repeat(400_000)));
  const held = await runInDurableObject(stubOf(place), (_, state) =>
    state.getWebSockets().map((socket) => {
      const { unacked } = socket.deserializeAttachment() as { unacked: [number, number][] };
      return unacked.reduce((sum, [, bytes]) => sum + bytes, 0);
    }),
  );
  expect(held).toHaveLength(1);
  expect(held[0]).toBeLessThanOrEqual(1_048_576);
  expect(held[0]).toBeGreaterThan(400_000);
  await reader.cancel();
});
