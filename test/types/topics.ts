/** Typed topics, for the compiler: what stands under `@ts-expect-error` must not compile, everything else must. Never run. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import { Strandline, topic, type MessageFor, type MessageOf, type Schema } from "../../client/index.ts";
import type { Equal, Expect } from "./expect.ts";

const strandline = new Strandline();
const producer = strandline.producer();

const zod = topic("zod", { value: z.object({ item: z.string(), at: z.coerce.date(), amount: z.number().default(1) }) });
const valibot = topic("valibot", {
  key: v.pipe(v.string(), v.uuid()),
  value: v.object({ item: v.string(), amount: v.pipe(v.string(), v.transform(Number)) }),
});
const arktype = topic("arktype", { value: type({ item: "string", "note?": "string" }), tombstones: true });
const serde = topic("serde", {
  key: z.templateLiteral(["user-", z.number()]),
  value: {
    serialize: (point: { readonly x: number; readonly y: number }) => new Uint8Array([point.x, point.y]),
    deserialize: (bytes) => ({ x: bytes[0] ?? 0, y: bytes[1] ?? 0 }),
  },
});
const plain = topic("plain");
const headed = topic("headed", { headers: z.object({ trace: z.string() }) });

/** What `send` takes is the schema's input, what is read is its output. */
export type Checks = [
  Expect<Equal<MessageOf<typeof zod>["data"], { item: string; at: Date; amount: number }>>,
  Expect<Equal<MessageFor<typeof zod>["value"], { item: string; at: unknown; amount?: number | undefined }>>,
  Expect<Equal<MessageOf<typeof valibot>["data"], { item: string; amount: number }>>,
  Expect<Equal<MessageFor<typeof valibot>["value"], { item: string; amount: string }>>,
  Expect<Equal<MessageOf<typeof valibot>["keyData"], string>>,
  Expect<Equal<MessageOf<typeof arktype>["data"], { item: string; note?: string } | null>>,
  Expect<Equal<MessageOf<typeof serde>["data"], { x: number; y: number }>>,
  Expect<Equal<MessageOf<typeof serde>["keyData"], `user-${number}`>>,
  Expect<Equal<MessageOf<typeof plain>["data"], Uint8Array | null>>,
  Expect<Equal<MessageOf<typeof headed>["headerData"], { trace: string }>>,
  Expect<Equal<(typeof zod)["name"], "zod">>,
  /** Our minimal interface is the standard's. */
  Expect<StandardSchemaV1<string, number> extends Schema<string, number> ? true : false>,
];

export async function sends(): Promise<void> {
  await producer.send({ topic: zod, messages: [{ key: "k", value: { item: "pear", at: "2026-01-01" } }] });
  await producer.send({ topic: valibot, messages: [{ key: "k", value: { item: "pear", amount: "1" }, partition: 2 }] });
  await producer.send({ topic: arktype, messages: [{ value: { item: "pear" } }, { value: null, timestamp: 1 }] });
  await producer.send({ topic: serde, messages: [{ key: "user-7", value: { x: 1, y: 2 } }] });
  await producer.send({ topic: plain, messages: [{ value: "text" }, { key: "k", value: { any: "thing" } }] });
  await producer.send({ topic: headed, messages: [{ value: "text", headers: { trace: "1" } }], acks: -1 });
  await producer.sendBatch({
    topicMessages: [
      { topic: "name", messages: [{ value: "text" }] },
      { topic: zod, messages: [{ value: { item: "pear", at: 0 } }] },
      { topic: serde, messages: [{ key: "user-1", value: { x: 1, y: 2 } }] },
    ],
  });
}

export async function wrongSends(): Promise<void> {
  // @ts-expect-error a number is no item
  await producer.send({ topic: zod, messages: [{ value: { item: 1, at: "2026-01-01" } }] });
  // @ts-expect-error a field that the schema does not know
  await producer.send({ topic: arktype, messages: [{ value: { item: "pear", colour: "green" } }] });
  // @ts-expect-error the output of the schema is not its input
  await producer.send({ topic: valibot, messages: [{ key: "k", value: { item: "pear", amount: 1 } }] });
  // @ts-expect-error the key has a schema, so it must be there
  await producer.send({ topic: valibot, messages: [{ value: { item: "pear", amount: "1" } }] });
  // @ts-expect-error no tombstones in this topic
  await producer.send({ topic: zod, messages: [{ value: null }] });
  // @ts-expect-error not of the template
  await producer.send({ topic: serde, messages: [{ key: "7", value: { x: 1, y: 2 } }] });
  // @ts-expect-error the headers have a schema, so they must be there
  await producer.send({ topic: headed, messages: [{ value: "text" }] });
  await producer.sendBatch({
    topicMessages: [
      { topic: zod, messages: [{ value: { item: "pear", at: 0 } }] },
      // @ts-expect-error of another topic's type
      { topic: serde, messages: [{ key: "user-1", value: { item: "pear", at: 0 } }] },
    ],
  });
}

export async function reads(): Promise<void> {
  const one = strandline.consumer<typeof zod>({ groupId: "g" });
  await one.subscribe({ topic: zod, fromBeginning: true, onInvalid: ({ message, issues }) => void [message, issues] });
  await one.run({
    eachMessage: ({ topic: name, message }) => {
      const at: Date = message.data.at;
      const bytes: Uint8Array | null = message.value;
      const named: "zod" = name;
      void [at, bytes, named];
      // @ts-expect-error no such field
      void message.data.colour;
    },
  });
  for await (const message of one) void (message.data.amount satisfies number);

  const several = strandline.consumer<typeof zod | typeof serde>();
  await several.subscribe({ topics: [zod, serde] });
  await several.run({
    eachMessage: ({ topic: name, message }) => {
      // @ts-expect-error which of the two is not known yet
      void message.data.item;
      if (name === "serde") void (message.data.x satisfies number);
      else void (message.data.item satisfies string);
    },
  });
  await several.run({
    eachBatch: ({ batch, resolveOffset }) => {
      if (batch.topic === "zod") for (const { data, offset } of batch.messages) resolveOffset(data.amount + offset);
    },
  });
}

export async function tables(): Promise<void> {
  const table = strandline.table(zod);
  const found = await table.get("k");
  type Found = Expect<Equal<typeof found, { item: string; at: Date; amount: number } | undefined>>;
  void (0 as unknown as Found);
  // @ts-expect-error it has its topic's values
  void strandline.table<string>(zod);
}

export async function transactions(): Promise<void> {
  await strandline.consumer({ groupId: "g" }).run({
    eachMessage: ({ tx }) => {
      tx.send({ topic: "any", messages: [{ value: { item: 1 } }] });
      tx.send({ topic: zod, messages: [{ value: { item: "pear", at: new Date() } }] });
      // @ts-expect-error no item
      tx.send({ topic: zod, messages: [{ value: { at: new Date() } }] });
    },
  });
}

export async function wrongReads(): Promise<void> {
  const one = strandline.consumer<typeof zod>();
  // @ts-expect-error another topic's data would come under this one's type
  await one.subscribe({ topic: serde });
  // @ts-expect-error a bare name has no types
  await one.subscribe({ topic: "zod" });
  const untyped = strandline.consumer();
  // @ts-expect-error the consumer was not told of it, so its data would have no type
  await untyped.subscribe({ topic: zod });
  await untyped.subscribe({ topic: "zod" });
  // @ts-expect-error bytes alone
  await untyped.run({ eachMessage: ({ message }) => void message.data });
}

export function wrongTopics(): void {
  // @ts-expect-error no format
  topic("t", { value: 1 });
  // @ts-expect-error half a serde
  topic("t", { value: { serialize: () => "" } });
  // @ts-expect-error an option that is none
  topic("t", { values: z.string() });
}
