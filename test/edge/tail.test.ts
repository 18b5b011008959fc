/** Live tails: what is there, then what comes, once each and in order, whatever happens in between. */
import { expect, test } from "vitest";
import { newDevice } from "./device.ts";
import { call, evict, newPlace } from "./edge.ts";
import { TailClient } from "./tail-client.ts";

test("what is there comes at once, what is appended follows", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  await device.send(device.batch("a", "b"), device.batch("c"));
  const tail = await TailClient.open();
  tail.subscribe(place);
  await tail.untilValues(["0:a", "1:b", "2:c"]);
  expect(tail.came[0]).toMatchObject({ type: "position", id: 1, nextOffset: 0, highWatermark: 3 });
  await device.send(device.batch("d"));
  await device.send(device.batch("e"));
  await tail.untilValues(["0:a", "1:b", "2:c", "3:d", "4:e"]);
  tail.send("ping");
  await tail.until(() => tail.came.at(-1)?.type === "pong");
  tail.close();
});

test("many partitions on one socket, each under its id", async () => {
  const place = await newPlace({}, 3);
  const tail = await TailClient.open();
  for (const partition of [0, 1, 2]) tail.subscribe({ ...place, partition }, { id: 10 + partition });
  for (const partition of [2, 0, 1]) {
    const device = await newDevice({ ...place, partition });
    await device.send(device.batch(`of ${partition}`));
  }
  for (const partition of [0, 1, 2]) await tail.untilValues([`0:of ${partition}`], 10 + partition);
});

test("an object that was evicted goes on where its tails stand", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  const tail = await TailClient.open();
  tail.subscribe(place);
  await tail.until(() => tail.came.length === 1);
  const expected: string[] = [];
  for (let index = 0; index < 5; index += 1) {
    await device.send(device.batch(`v${index}`));
    expected.push(`${index}:v${index}`);
    await tail.untilValues(expected);
    await evict(place);
  }
  expect(tail.frames("error")).toEqual([]);
});

test("a reader that acknowledges nothing gets its window and no more, and holds up nobody", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  const [slow, quick] = [await TailClient.open({ acks: false }), await TailClient.open()];
  slow.subscribe(place, { windowBytes: 1_000 });
  quick.subscribe(place);
  await quick.until(() => quick.came.length === 1);
  const text = "x".repeat(300);
  for (let index = 0; index < 10; index += 1) await device.send(device.batch(text));
  await quick.until(() => quick.values().length === 10);
  expect(slow.values()).toHaveLength(2);
  for (const offset of [2, 4, 6, 8]) {
    slow.ack(1, offset);
    await slow.until(() => slow.values().length >= offset + 2);
    expect(slow.values()).toHaveLength(offset + 2);
  }
});

test("a request that is no WebSocket is told", async () => {
  expect((await call("/v1/tail")).status).toBe(400);
});
