/** Records of typed topics to the wire and back, with each validator that is named in the documentation. */
import { type } from "arktype";
import * as v from "valibot";
import { expect, test } from "vitest";
import { z } from "zod";
import { topic, type Message, type StrandlineError, type Topic } from "../../../client/index.ts";
import { messagesOf } from "../../../client/page/messages-of.ts";
import type { ReceivedMessage } from "../../../client/page/received-message.ts";
import { patchLogPosition } from "../../../shared/record-batch.ts";
import { RecordBatchEncoder } from "../../../shared/record-batch-encode.ts";

const utf8 = new TextEncoder();
const bytes = (wire: unknown): Uint8Array | null => (typeof wire === "string" ? utf8.encode(wire) : (wire as null));

/** As a consumer of the bytes would be given it. */
function received({ key, value, headers }: Message): ReceivedMessage {
  const each = Object.entries(headers ?? {}).flatMap(([name, wire]) =>
    [wire].flat().map((one) => ({ key: name, value: bytes(one) })),
  );
  const encoder = new RecordBatchEncoder();
  encoder.append({ key: bytes(key ?? null), value: bytes(value), headers: each, timestamp: 0 });
  const batch = encoder.finish();
  patchLogPosition(batch, 0, { baseOffset: 7, leaderEpoch: 0 });
  const [messages] = messagesOf({ topic: "t", partition: 0, buffer: batch.buffer, from: 7, to: 8 });
  return (messages as readonly ReceivedMessage[])[0] as ReceivedMessage;
}

async function roundTrip(of: Topic, message: Message): Promise<unknown> {
  const encoded = of.write(message, 0);
  await encoded.checked;
  return await of.read(received(encoded.message));
}

const VALIDATORS = {
  zod: z.object({ item: z.string(), amount: z.number().min(1) }),
  valibot: v.object({ item: v.string(), amount: v.pipe(v.number(), v.minValue(1)) }),
  arktype: type({ item: "string", amount: "number >= 1" }),
  "zod, asynchronous": z.object({ item: z.string(), amount: z.number() }).refine(async ({ amount }) => amount >= 1, {
    path: ["amount"],
  }),
  "valibot, asynchronous": v.objectAsync({
    item: v.string(),
    amount: v.pipeAsync(
      v.number(),
      v.checkAsync(async (amount) => amount >= 1),
    ),
  }),
} as const;

test.each(Object.entries(VALIDATORS))(
  "%s: what fits comes back, what does not is refused and named",
  async (_, value) => {
    const orders = topic("orders", { value });
    const order = { item: "pear", amount: 3 };
    expect(await roundTrip(orders, { key: "k", value: order })).toMatchObject({ value: order });
    const sent = (async () => await orders.write({ value: { item: "pear", amount: 0 } }, 4).checked)();
    const error = await sent.then(
      () => null,
      (caught: StrandlineError) => caught,
    );
    expect(error).toMatchObject({
      code: "INVALID_RECORD",
      details: { topic: "orders", index: 4, part: "value", path: "amount", issues: 1 },
    });
    expect(error?.message).toContain("message 4 to orders: value.amount: ");
    expect(error?.cause).toEqual([{ path: "amount", message: expect.any(String) }]);
    const read = await orders.read(received({ value: '{"item":1,"amount":3}' }));
    expect(read).toEqual({ part: "value", issues: [{ path: "item", message: expect.any(String) }] });
  },
);

test("what is stored is the JSON of what was given; transforms and defaults are the reader's", async () => {
  const orders = topic("orders", {
    value: z.object({ at: z.coerce.date(), amount: z.string().transform(Number), note: z.string().default("none") }),
  });
  const { message } = orders.write({ value: { at: new Date(0), amount: "12" } }, 0);
  expect(message.value).toBe('{"at":"1970-01-01T00:00:00.000Z","amount":"12"}');
  expect(message.headers).toEqual({ "content-type": "application/json" });
  expect(await orders.read(received(message))).toMatchObject({
    value: { at: new Date(0), amount: 12, note: "none" },
  });
});

test("what its reader would refuse is refused by send: a date is text by then", () => {
  const orders = topic("orders", { value: z.object({ at: z.date() }) });
  expect(() => orders.write({ value: { at: new Date(0) } }, 0)).toThrow("value.at: ");
});

test.each([
  ["a cycle", Object.assign({}, { self: [] as unknown[] })],
  ["nothing", undefined],
  ["a function", () => {}],
  ["a number that JSON has not", 1n],
])("%s is no JSON", (_, value) => {
  if (typeof value === "object") value.self.push(value);
  const any = topic("t", { value: z.unknown() });
  expect(() => any.write({ value } as Message, 0)).toThrow(expect.objectContaining({ code: "INVALID_RECORD" }));
});

test("texts, numbers and null are JSON too where the schema takes them", async () => {
  const any = topic("t", { value: z.union([z.string(), z.number(), z.null()]) });
  for (const value of ["text", "1", 1, null]) expect(await roundTrip(any, { value })).toMatchObject({ value });
  expect(any.write({ value: "text" }, 0).message.value).toBe('"text"');
  expect(any.write({ value: null }, 0).message).toMatchObject({ value: null, headers: undefined });
});

test("a tombstone goes where it is said to, past schema and serde, and is refused elsewhere", async () => {
  const value = z.object({ item: z.string() });
  const serde = {
    serialize: (text: string) => text,
    deserialize: (read: Uint8Array) => new TextDecoder().decode(read),
  };
  expect(await roundTrip(topic("t", { value, tombstones: true }), { value: null })).toMatchObject({ value: null });
  expect(await roundTrip(topic("t", { value: serde, tombstones: true }), { value: null })).toMatchObject({
    value: null,
  });
  for (const none of [topic("t", { value }), topic("t", { value: serde })]) {
    expect(() => none.write({ value: null }, 0)).toThrow(expect.objectContaining({ code: "INVALID_RECORD" }));
    expect(await none.read(received({ value: null }))).toMatchObject({ part: "value" });
  }
});

test("a serde has bytes of its own, and what it throws is an issue", async () => {
  const points = topic("points", {
    key: {
      serialize: (id: number) => String(id),
      deserialize: (read: Uint8Array) => Number(new TextDecoder().decode(read)),
    },
    value: {
      serialize(point: { readonly x: number }) {
        if (point.x > 255) throw new RangeError("x is one byte");
        return new Uint8Array([point.x]);
      },
      deserialize(read: Uint8Array) {
        if (read.length !== 1) throw new RangeError("one byte");
        return { x: read[0] ?? 0 };
      },
    },
  });
  expect(await roundTrip(points, { key: 7, value: { x: 200 } } as unknown as Message)).toMatchObject({
    key: 7,
    value: { x: 200 },
  });
  const tooLarge = { key: 7, value: { x: 256 } } as unknown as Message;
  expect(() => points.write(tooLarge, 0)).toThrow("value: x is one byte");
  expect(await points.read(received({ key: "7", value: "two" }))).toEqual({
    part: "value",
    issues: [{ path: "", message: "one byte" }],
  });
  const broken = topic("t", { value: { serialize: () => 1 as unknown as string, deserialize: () => 1 } });
  expect(() => broken.write({ value: 1 }, 0)).toThrow("neither bytes nor text");
});

test("a key is its text, so that its partition is that of the same key without a schema", async () => {
  const users = topic("users", {
    key: z
      .string()
      .startsWith("user-")
      .transform((key) => Number(key.slice(5))),
  });
  const { message } = users.write({ key: "user-12", value: "x" }, 0);
  expect(message.key).toBe("user-12");
  expect(await users.read(received(message))).toEqual({
    key: 12,
    value: utf8.encode("x"),
    headers: { __proto__: null },
  });
  for (const key of ["12", null, undefined, 12])
    expect(() => users.write({ key, value: "x" } as Message, 0)).toThrow("key: ");
  expect(await users.read(received({ key: null, value: "x" }))).toMatchObject({ part: "key" });
  const optional = topic("users", { key: z.string().nullable() });
  expect(await roundTrip(optional, { key: null, value: "x" })).toMatchObject({ key: null });
});

test("headers are checked as texts, content-type left out", async () => {
  const traced = topic("traced", {
    value: z.number(),
    headers: z.strictObject({ trace: z.string(), hops: z.array(z.string()).optional() }),
  });
  const headers = { trace: utf8.encode("t1"), hops: ["a", "b"], "Content-Type": "application/json" };
  const { message } = traced.write({ value: 1, headers }, 0);
  expect(message.headers).toEqual(headers);
  expect(await traced.read(received(message))).toMatchObject({ headers: { trace: "t1", hops: ["a", "b"] } });
  expect(() => traced.write({ value: 1 }, 0)).toThrow("headers.trace: ");
  expect(await traced.read(received({ value: "1", headers: { trace: "t", more: "x" } }))).toMatchObject({
    part: "headers",
  });
});

test("bytes that are no JSON or no UTF-8, and a validator that throws or rejects, are issues", async () => {
  const any = topic("t", { value: z.unknown() });
  expect(await any.read(received({ value: "{" }))).toMatchObject({ part: "value" });
  const cut = received({ value: new Uint8Array([34, 0xff, 34]) });
  expect(await any.read(cut)).toMatchObject({ part: "value" });
  const throwing = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: () => {
        throw new Error("broken");
      },
    },
  } as const;
  const rejecting = {
    "~standard": { version: 1, vendor: "test", validate: () => Promise.reject(new Error("broken")) },
  } as const;
  expect(() => topic("t", { value: throwing }).write({ value: 1 }, 0)).toThrow("value: broken");
  await expect(topic("t", { value: rejecting }).write({ value: 1 }, 0).checked).rejects.toThrow("value: broken");
});

test("what is no format, and no name, is refused when the topic is made", () => {
  const wrong = (format: unknown) => () => topic("t", { value: format as z.ZodString });
  for (const format of [1, null, {}, { serialize: () => "" }])
    expect(wrong(format)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  expect(() => topic("")).toThrow(expect.objectContaining({ code: "INVALID_TOPIC_EXCEPTION" }));
});

test("a value alone is decoded at once, or said to be wrong with where it stands", () => {
  const orders = topic("orders", { value: z.object({ amount: z.coerce.number() }) });
  expect(orders.decode(received({ value: '{"amount":"3"}' }))).toEqual({ amount: 3 });
  expect(() => orders.decode(received({ value: '{"amount":"x"}' }))).toThrow(
    expect.objectContaining({
      code: "INVALID_RECORD",
      details: { topic: "t", partition: 0, offset: 7, part: "value", path: "amount", issues: 1 },
    }),
  );
  const slow = topic("slow", { value: z.string().refine(async () => false) });
  expect(() => slow.decode(received({ value: '"x"' }))).toThrow(
    expect.objectContaining({ code: "UNSUPPORTED_OPERATION" }),
  );
  expect(topic("plain").decode(received({ value: "x" }))).toEqual(utf8.encode("x"));
});
