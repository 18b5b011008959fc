/** Consumers in a real browser: iterators and signals, seeks, patterns, following, and what waits for an edge that is not there. */
import { expect, test } from "vitest";
import { freshDatabase, openClient, openMortalClient } from "./client-fixture.ts";

/** Nobody answers there. */
const NOWHERE = "http://127.0.0.1:9";

test("offline, pending records are shown under partition -1, also by the next page, and marked as such", async () => {
  const database = freshDatabase();
  const client = openClient({ url: NOWHERE, database, logLevel: 0 });
  const producer = client.producer();
  const [first] = await producer.send({ topic: "notes", messages: [{ key: "k", value: "a" }, { value: "b" }] });
  const stopping = new AbortController();
  const consumer = client.consumer({ isolation: "local" });
  await consumer.subscribe({ topic: "notes", fromBeginning: true });
  const seen: unknown[] = [];
  for await (const message of consumer.messages({ signal: stopping.signal })) {
    const { partition, offset, pending, localSequence } = message;
    seen.push([message.text(), partition, offset, pending, localSequence]);
    if (seen.length === 2) await producer.send({ topic: "notes", messages: [{ value: "c" }] });
    if (seen.length === 3) stopping.abort();
  }
  expect(seen).toEqual([
    ["a", -1, -1, true, 0],
    ["b", -1, -1, true, 1],
    ["c", -1, -1, true, 2],
  ]);
  expect(first?.localSequence).toBe(0);
  await client.close();

  const next = openClient({ url: NOWHERE, database, logLevel: 0 }).consumer({ isolation: "local" });
  await next.subscribe({ topic: /^no/, fromBeginning: true });
  const again: (string | null)[] = [];
  for await (const message of next) {
    again.push(message.text());
    if (again.length === 3) break;
  }
  expect(again).toEqual(["a", "b", "c"]);
});

test("seek by time and by text, headers and keys read when they are asked for, in any order", async () => {
  const client = openClient();
  const messages = Array.from({ length: 50 }, (_, index) => ({
    key: `k${index}`,
    value: `v${index}`,
    headers: { at: String(index) },
    timestamp: 1_000 + index,
    partition: 0,
  }));
  await client.producer().send({ topic: "t", messages });
  const consumer = client.consumer();
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  const text = new TextDecoder();
  const batches: string[][] = [];
  await consumer.run({
    eachBatch({ batch }) {
      const backwards = batch.messages.toReversed();
      batches.push(
        backwards.map(({ headers, key, offset, value }) =>
          [
            text.decode(headers["at"] as Uint8Array),
            text.decode(key ?? undefined),
            text.decode(value ?? undefined),
            offset,
          ].join(),
        ),
      );
    },
  });
  await expect.poll(() => batches.length).toBe(1);
  expect(batches[0]).toEqual(messages.map((_, index) => `${index},k${index},v${index},${index}`).toReversed());
  consumer.seek({ topic: "t", partition: 0, timestamp: 1_047 });
  await expect.poll(() => batches[1]).toEqual(["49,k49,v49,49", "48,k48,v48,48", "47,k47,v47,47"]);
  consumer.seek({ topic: "t", partition: 0, offset: "48" });
  await expect.poll(() => batches[2]).toEqual(["49,k49,v49,49", "48,k48,v48,48"]);
  await consumer.stop();
});

test("a worker that dies while its consumer works: all is handled, and the group commits it", async () => {
  const { client, kill } = openMortalClient({ retry: { initialRetryTime: 5 }, logLevel: 0 });
  const messages = Array.from({ length: 10 }, (_, index) => ({ value: String(index), partition: 0 }));
  for (let sent = 0; sent < 300; sent += 10) await client.producer().send({ topic: "t", messages });
  const consumer = client.consumer({ groupId: "g", maxBytes: 1_000 });
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  const handled = new Set<number>();
  let committed = 0;
  consumer.on("commit_offsets", ({ offsets }) => {
    committed = offsets[0]?.offset ?? committed;
    for (let offset = 0; offset < committed; offset += 1) expect(handled).toContain(offset);
  });
  await consumer.run({
    eachMessage({ message: { offset } }) {
      handled.add(offset);
      if (offset === 100 && handled.size === 101) kill();
    },
  });
  await expect.poll(() => handled.size).toBe(300);
  await consumer.stop();
  expect(committed).toBe(300);
});

test("a topic is followed and left, and a wrong retention is refused", async () => {
  const client = openClient({ url: NOWHERE, logLevel: 0 });
  await client.follow("news", { retention: { ms: 86_400_000, records: 1_000 } });
  await client.follow("news");
  await client.unfollow("news");
  await expect(client.follow("news", { retention: { bytes: -1 } })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    details: { option: "retention.bytes" },
  });
  await expect(client.follow("no/such name")).rejects.toMatchObject({ code: "INVALID_TOPIC_EXCEPTION" });
});
