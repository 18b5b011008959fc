/** Frames, queries and names by chance: a typed error or success, never a failure of the edge's own, never a hang. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { newDevice } from "./device.ts";
import { call, errorOf, newPlace, type Place } from "./edge.ts";
import { TailClient } from "./tail-client.ts";

const SEED = 20_261_122;

const number = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, -1, 0.5, 2 ** 31, 2 ** 32, 2 ** 53, -0, 1e308, Number.MAX_SAFE_INTEGER),
  fc.integer(),
  fc.double({ noNaN: true }),
);
const anything = fc.oneof(number, fc.jsonValue({ maxDepth: 2 }), fc.string({ unit: "binary", maxLength: 20 }));

function frameOf({ topicId }: Place): fc.Arbitrary<string> {
  const small = fc.nat({ max: 3 });
  const epoch = fc.record({ counter: small, random: small });
  const subscribe = fc.record(
    {
      type: fc.constant("subscribe"),
      id: small,
      topicId: fc.constantFrom(topicId, "00000000-0000-4000-8000-000000000000"),
      partition: small,
      offset: fc.nat({ max: 6 }),
      leaderEpoch: fc.option(epoch),
      previousCrc: fc.option(small),
      windowBytes: fc.oneof(small, fc.constant(16_777_216)),
      keyOrder: fc.boolean(),
    },
    { requiredKeys: ["type", "id", "topicId", "partition", "offset"] },
  );
  const ack = fc.record({ type: fc.constant("ack"), id: small, offset: fc.oneof(small, number) });
  const unsubscribe = fc.record({ type: fc.constant("unsubscribe"), id: small });
  const sound = fc.oneof({ arbitrary: subscribe, weight: 4 }, ack, unsubscribe);
  const field = fc.constantFrom(
    "type",
    "id",
    "topicId",
    "partition",
    "offset",
    "windowBytes",
    "__proto__",
    "leaderEpoch",
  );
  const changed = fc.tuple(sound, field, anything).map(([frame, name, value]) => ({ ...frame, [name]: value }));
  const json = fc.oneof({ arbitrary: sound, weight: 4 }, changed, fc.jsonValue()).map((value) => JSON.stringify(value));
  return fc.oneof({ arbitrary: json, weight: 6 }, fc.string({ unit: "binary" }), fc.json(), fc.constant("ping"));
}

test("frames by chance are obeyed, or end the subscription or the socket with an error that has a name", async () => {
  const place = await newPlace({}, 3);
  const device = await newDevice(place);
  for (const value of ["a", "b", "c"]) await device.send(device.batch(value));
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(frameOf(place), { minLength: 1, maxLength: 6 }), async (frames) => {
      const tail = await TailClient.open();
      for (const frame of frames) tail.send(frame);
      const pings = frames.filter((frame) => frame === "ping").length + 1;
      tail.send("ping");
      await tail.until(() => tail.closed !== null || tail.frames("pong").length === pings);
      if (tail.closed !== null) {
        expect(tail.closed.code).toBe(1008);
        expect(tail.frames("error").at(-1)).toMatchObject({ id: null, error: { code: "INVALID_REQUEST" } });
      }
      // What partitions answer comes after the pong.
      await new Promise((resolve) => setTimeout(resolve, 5));
      for (const one of tail.frames("error")) if (one.type === "error") seen.add(one.error.code);
      tail.close();
    }),
    { seed: SEED, numRuns: 400 },
  );
  expect(seen).not.toContain("UNKNOWN_SERVER_ERROR");
  expect(Array.from(seen)).toEqual(
    expect.arrayContaining(["INVALID_REQUEST", "OFFSET_OUT_OF_RANGE", "TRUNCATED", "UNKNOWN_TOPIC_ID"]),
  );
});

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom("earliest", "latest", "0", "1", "4", "1e3", "0x1", "", " 1", "9007199254740992", "99999999999999999"),
  number.map(String),
);
const query = fc
  .array(fc.tuple(fc.constantFrom("offset", "maxBytes", "minBytes", "maxWaitMs", "x", "__proto__"), text), {
    maxLength: 4,
  })
  // A wait that was asked for is no hang.
  .map(
    (fields) =>
      new URLSearchParams(
        fields.filter(([name, value]) => name !== "maxWaitMs" || Number(value) < 1 || Number(value) > 30_000),
      ),
  );
const lastEventId = fc.oneof(
  fc.tuple(fc.nat(), fc.nat(), fc.nat()).map((parts) => parts.join("-")),
  fc.tuple(number, number, number).map((parts) => parts.join("-")),
  fc.string({ maxLength: 20 }).filter((one) => /^[\x20-\x7e]*$/.test(one)),
);

test("queries and event ids by chance give records, a stream or an error that has a name", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  await device.send(device.batch("a", "b"));
  const statuses = new Set<number>();
  await fc.assert(
    fc.asyncProperty(query, fc.boolean(), fc.option(lastEventId), async (search, stream, id) => {
      const headers = {
        ...(stream ? { accept: "text/event-stream" } : {}),
        ...(id === null ? {} : { "last-event-id": id }),
      };
      const response = await call(`/v1/topics/${place.name}/partitions/0/records?${search.toString()}`, { headers });
      statuses.add(response.status);
      expect([200, 400, 409, 416]).toContain(response.status);
      if (response.status === 200) await response.body?.cancel();
      else expect((await errorOf(response)).code).not.toBe("UNKNOWN_SERVER_ERROR");
    }),
    { seed: SEED, numRuns: 500 },
  );
  expect(Array.from(statuses).toSorted((a, b) => a - b)).toEqual([200, 400, 409, 416]);
});

test("names and partitions by chance lead somewhere or nowhere", async () => {
  const { name } = await newPlace();
  const part = fc.oneof(
    fc.constantFrom(name, "0", "-1", "%", "%zz", "%00", "%2f", "..", "%2e%2e", "__proto__", "1e0", "00", "4294967296"),
    fc
      .string({ unit: "binary", maxLength: 12 })
      .map((one) => encodeURIComponent(one.replaceAll(/[\ud800-\udfff]/g, ""))),
  );
  await fc.assert(
    fc.asyncProperty(part, part, fc.boolean(), async (topic, partition, stream) => {
      const headers: Record<string, string> = stream ? { accept: "text/event-stream" } : {};
      const response = await call(`/v1/topics/${topic}/partitions/${partition}/records`, { headers });
      // `..` leads to an address that takes other methods.
      expect([200, 400, 404, 405]).toContain(response.status);
      await response.body?.cancel();
    }),
    { seed: SEED, numRuns: 500 },
  );
});

test("/v1/tail takes no query, and is no other request", async () => {
  await fc.assert(
    fc.asyncProperty(query, fc.constantFrom("GET", "POST", "HEAD", "DELETE"), async (search, method) => {
      const path = `/v1/tail?${search.toString()}`;
      const isEmpty = search.size === 0;
      const plain = await call(path, { method });
      expect([400, 405]).toContain(plain.status);
      await plain.body?.cancel();
      const upgraded = await call(path, { headers: { upgrade: "WebSocket" } });
      expect(upgraded.status).toBe(isEmpty ? 101 : 400);
      upgraded.webSocket?.accept();
      upgraded.webSocket?.close(1000);
    }),
    { seed: SEED, numRuns: 60 },
  );
});
