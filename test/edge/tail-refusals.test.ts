/** What a tail is told instead of records, and that everything else on its socket goes on. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import type { Crc, TopicId } from "../../shared/brands.ts";
import { newDevice, type Device } from "./device.ts";
import { evict, newPlace, stubOf, type Place } from "./edge.ts";
import { TailClient } from "./tail-client.ts";

const NOWHERE = "00000000-0000-4000-8000-000000000000" as TopicId;

function addressOf({ topicId, partition }: Place): { namespace: string; topicId: TopicId; partition: number } {
  return { namespace: "default", topicId, partition };
}

async function sockets(place: Place): Promise<number> {
  return await runInDurableObject(stubOf(place), (_, state) => state.getWebSockets().length);
}

async function written(...values: string[]): Promise<{ readonly place: Place; readonly device: Device }> {
  const place = await newPlace();
  const device = await newDevice(place);
  for (const value of values) await device.send(device.batch(value));
  return { place, device };
}

describe("at subscribe", () => {
  test("an offset that the log does not have, with the bounds", async () => {
    const { place } = await written("a", "b");
    const tail = await TailClient.open();
    tail.subscribe(place, { offset: 3 });
    await tail.until(() => tail.came.length === 1);
    const error = { code: "OFFSET_OUT_OF_RANGE", offset: 3, logStartOffset: 0, highWatermark: 2 };
    expect(tail.came).toMatchObject([{ type: "error", id: 1, error }]);
    await vi.waitFor(async () => expect(await sockets(place)).toBe(0));
    tail.subscribe(place, { id: 2, offset: 1 });
    await tail.untilValues(["1:b"], 2);
    tail.close();
  });

  test("a foreign epoch and another CRC, with where the histories part", async () => {
    const { place } = await written("a", "b");
    const tail = await TailClient.open();
    tail.subscribe(place, { offset: 2, previousCrc: 7 as Crc });
    await tail.until(() => tail.came.length === 1);
    tail.subscribe(place, { id: 2, offset: 1, leaderEpoch: { counter: 9, random: 9 } });
    await tail.until(() => tail.came.length === 2);
    expect(tail.came).toMatchObject([
      { type: "error", id: 1, error: { code: "TRUNCATED", divergence: 1 } },
      { type: "error", id: 2, error: { code: "TRUNCATED", divergence: 1 } },
    ]);
    tail.close();
  });

  test("a topic and a partition that are not there; the other subscriptions go on", async () => {
    const { place, device } = await written("a");
    const tail = await TailClient.open();
    tail.subscribe({ ...place, topicId: NOWHERE }, { id: 1 });
    tail.subscribe({ ...place, partition: 1 }, { id: 2 });
    tail.subscribe(place, { id: 3 });
    await tail.untilValues(["0:a"], 3);
    await device.send(device.batch("b"));
    await tail.untilValues(["0:a", "1:b"], 3);
    expect(tail.frames("error")).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: 1, error: expect.objectContaining({ code: "UNKNOWN_TOPIC_ID" }) as unknown }),
        expect.objectContaining({
          id: 2,
          error: expect.objectContaining({ code: "UNKNOWN_TOPIC_OR_PARTITION" }) as unknown,
        }),
      ]),
    );
    tail.close();
  });
});

test("a subscription beyond the socket's windows ends alone, and stands once there is room", async () => {
  const place = await newPlace({}, 3);
  const device = await newDevice(place);
  const tail = await TailClient.open();
  tail.subscribe(place, { id: 1, windowBytes: 16_777_216 });
  tail.subscribe({ ...place, partition: 1 }, { id: 2, windowBytes: 1 });
  await tail.until(() => tail.frames("error").length === 1);
  const error = { code: "INVALID_REQUEST", id: 2, bytes: 16_777_217, limit: 16_777_216 };
  expect(tail.frames("error")).toMatchObject([{ id: 2, error }]);
  await device.send(device.batch("a"));
  await tail.untilValues(["0:a"], 1);
  tail.send({ type: "unsubscribe", id: 1 });
  tail.subscribe({ ...place, partition: 1 }, { id: 2, windowBytes: 1 });
  await tail.until(() => tail.frames("position").length === 2);
  expect(tail.closed).toBeNull();
  tail.close();
});

describe("later", () => {
  test("where records are deleted in front of it, a tail that stands among them is told, one behind them is not", async () => {
    const { place, device } = await written("a", "b", "c");
    const [slow, quick] = [await TailClient.open({ acks: false }), await TailClient.open()];
    slow.subscribe(place, { windowBytes: 1 });
    quick.subscribe(place);
    await slow.untilValues(["0:a"]);
    await quick.untilValues(["0:a", "1:b", "2:c"]);
    await stubOf(place).deleteRecords(addressOf(place), 2);
    slow.ack(1, 1);
    await slow.until(() => slow.frames("error").length === 1);
    const error = { code: "OFFSET_OUT_OF_RANGE", offset: 1, logStartOffset: 2, highWatermark: 3 };
    expect(slow.came.at(-1)).toMatchObject({ id: 1, error });
    await device.send(device.batch("d"));
    await quick.untilValues(["0:a", "1:b", "2:c", "3:d"]);
    quick.close();
    slow.close();
  });

  test("damage at rest, with its offsets, behind the records that stand before it", async () => {
    const { place } = await written("a", "b", "c");
    await runInDurableObject(stubOf(place), (_, { storage }) => {
      const row = storage.sql.exec("SELECT bytes FROM runs WHERE base_offset = 1").one();
      const bytes = new Uint8Array((row["bytes"] as ArrayBuffer).slice(0));
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      storage.sql.exec("UPDATE runs SET bytes = ? WHERE base_offset = 1", bytes);
    });
    await evict(place);
    const tail = await TailClient.open();
    tail.subscribe(place);
    await tail.until(() => tail.frames("error").length === 1);
    expect(tail.values()).toEqual(["0:a"]);
    expect(tail.came.at(-1)).toMatchObject({ id: 1, error: { code: "CORRUPT_MESSAGE", offset: 1, nextOffset: 2 } });
    tail.subscribe(place, { id: 2, offset: 2 });
    await tail.untilValues(["2:c"], 2);
    tail.close();
  });

  test.each(["in memory", "hibernating"])("a topic that is deleted, while its object is %s", async (where) => {
    const { place } = await written("a");
    const other = await written("of another");
    const tail = await TailClient.open();
    tail.subscribe(place);
    await tail.untilValues(["0:a"]);
    if (where === "hibernating") await evict(place);
    await stubOf(place).destroy(addressOf(place));
    await tail.until(() => tail.frames("error").length === 1);
    expect(tail.came.at(-1)).toMatchObject({ id: 1, error: { code: "UNKNOWN_TOPIC_ID" } });
    tail.subscribe(other.place, { id: 2 });
    await tail.untilValues(["0:of another"], 2);
    tail.close();
  });

  test("unsubscribing ends it alone, and the partition may be subscribed again", async () => {
    const { place, device } = await written("a");
    const tail = await TailClient.open();
    tail.subscribe(place);
    tail.send({ type: "unsubscribe", id: 1 });
    tail.subscribe(place, { id: 2 });
    await tail.untilValues(["0:a"], 2);
    await device.send(device.batch("b"));
    await tail.untilValues(["0:a", "1:b"], 2);
    expect([tail.values(1), tail.frames("error")]).toEqual([[], []]);
    expect(await sockets(place)).toBe(1);
    tail.close();
  });
});

describe("the socket", () => {
  test("closes behind a frame that is none, and takes its partitions' sockets with it", async () => {
    const { place } = await written("a");
    const tail = await TailClient.open();
    tail.subscribe(place);
    await tail.untilValues(["0:a"]);
    tail.send("{}");
    await tail.until(() => tail.closed !== null);
    expect(tail.closed?.code).toBe(1008);
    expect(tail.came.at(-1)).toMatchObject({ type: "error", id: null, error: { field: "type" } });
    await vi.waitFor(async () => expect(await sockets(place)).toBe(0));
  });

  test("refuses a binary frame", async () => {
    const tail = await TailClient.open();
    tail.sendBytes(Uint8Array.of(1, 2, 3));
    await tail.until(() => tail.closed !== null);
    expect(tail.came).toMatchObject([{ type: "error", id: null, error: { code: "INVALID_REQUEST" } }]);
  });

  test("goes with all its partitions' sockets when its client goes, also those of objects that hibernate", async () => {
    const place = await newPlace({}, 3);
    const places = [0, 1, 2].map((partition) => ({ ...place, partition }));
    const tail = await TailClient.open();
    for (const one of places) tail.subscribe(one, { id: one.partition });
    await tail.until(() => tail.came.length === 3);
    for (const one of places.slice(1)) await evict(one);
    for (const one of places) expect(await sockets(one)).toBe(1);
    tail.close();
    for (const one of places) await vi.waitFor(async () => expect(await sockets(one)).toBe(0));
  });
});

test("what hibernation keeps of a socket holds as many frames under way as there may be, far into a log", async () => {
  const { place } = await written();
  const state = {
    nextOffset: Number.MAX_SAFE_INTEGER,
    windowBytes: 16_777_216,
    unacked: Array.from({ length: 128 }, (_, index) => [Number.MAX_SAFE_INTEGER - index, 1_048_576]),
    growthsPassed: 1_000,
    growthsTold: 1_000,
    heardAtMs: 1_800_000_000_000,
    expiresAtMs: 1_800_000_000_000,
  };
  const tail = await TailClient.open();
  tail.subscribe(place);
  await tail.until(() => tail.came.length === 1);
  const back = await runInDurableObject(stubOf(place), (_, durable) => {
    const [socket] = durable.getWebSockets();
    socket?.serializeAttachment(state);
    return socket?.deserializeAttachment() as unknown;
  });
  expect(back).toEqual(state);
  tail.close();
});

test("what an object throws as it opens a tail ends that subscription, which may be tried again", async () => {
  const { place } = await written("a");
  vi.spyOn(console, "error").mockReturnValue();
  await runInDurableObject(stubOf(place), (object) => {
    Object.assign(object, { fetch: () => Promise.reject(new Error("gone")) });
  });
  const tail = await TailClient.open();
  tail.subscribe(place);
  await tail.until(() => tail.came.length === 1);
  expect(tail.came).toMatchObject([{ type: "error", id: 1, error: { retriable: true } }]);
  await evict(place);
  tail.subscribe(place, { id: 2 });
  await tail.untilValues(["0:a"], 2);
  tail.close();
});
