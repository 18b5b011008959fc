/** Server-sent events: what `curl -N` and an `EventSource` get. */
import { runInDurableObject } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import { newDevice } from "./device.ts";
import { call, errorOf, evict, newPlace, stubOf, type Place } from "./edge.ts";
import { EventReader } from "./event-reader.ts";

const SSE = { accept: "text/event-stream" };

function pathOf({ name, partition }: Place, query = ""): string {
  return `/v1/topics/${name}/partitions/${partition}/records${query}`;
}

async function sockets(place: Place): Promise<number> {
  return await runInDurableObject(stubOf(place), (_, state) => state.getWebSockets().length);
}

test("what is there, then what comes, each under an id to go on from", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  await device.send(device.batch("a", "b"));
  const response = await call(pathOf(place), { headers: SSE });
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  const events = new EventReader(response);
  await events.untilValues("0:a", "1:b");
  await device.send(device.batch("c"));
  await events.untilValues("0:a", "1:b", "2:c");
  await evict(place);
  await device.send(device.batch("d"));
  await events.untilValues("0:a", "1:b", "2:c", "3:d");
  const [, second = ""] = events.ids;
  const again = new EventReader(await call(pathOf(place), { headers: { ...SSE, "last-event-id": second } }));
  await again.untilValues("2:c", "3:d");
  await events.cancel();
  await again.cancel();
});

test("when its client goes, the partition's socket goes", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  await device.send(device.batch("a"));
  const events = new EventReader(await call(pathOf(place, "?offset=latest"), { headers: SSE }));
  await vi.waitFor(async () => expect(await sockets(place)).toBe(1));
  await events.cancel();
  await vi.waitFor(async () => expect(await sockets(place)).toBe(0));
});

test("a position that the log does not have is refused before there is a stream", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  await device.send(device.batch("a"));
  const beyond = await call(pathOf(place, "?offset=9"), { headers: SSE });
  expect(await errorOf(beyond)).toMatchObject({ status: 416, code: "OFFSET_OUT_OF_RANGE", highWatermark: 1 });
  const foreign = await call(pathOf(place), { headers: { ...SSE, "last-event-id": "0-7-7" } });
  expect(await errorOf(foreign)).toMatchObject({ status: 409, code: "TRUNCATED", divergence: 1 });
  const garbled = await call(pathOf(place), { headers: { ...SSE, "last-event-id": "nine" } });
  expect(await errorOf(garbled)).toMatchObject({ status: 400, code: "INVALID_REQUEST", field: "Last-Event-ID" });
});
