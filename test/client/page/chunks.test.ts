import { describe, expect, test } from "vitest";
import { ChunkAssembler, type BrokenMessage } from "../../../client/page/chunks.ts";
import { messagesOf } from "../../../client/page/messages-of.ts";
import { PausedPartitions } from "../../../client/page/paused-partitions.ts";
import { PositionBook } from "../../../client/page/position-book.ts";
import type { ReceivedMessage } from "../../../client/page/received-message.ts";
import { PartitionSplit } from "../../../client/log/partition-split.ts";
import { cryptoRandom } from "../../../client/web-ports.ts";
import { CHUNK_BYTES_MAX, CHUNK_HEADERS } from "../../../shared/chunking.ts";
import { RecordBatchEncoder, writeCrc } from "../../../shared/record-batch-encode.ts";
import { patchLogPosition } from "../../../shared/record-batch.ts";
import { FakeWorker } from "./fake-worker.ts";

type Bytes = Uint8Array<ArrayBuffer>;
const AT = { topic: "t", partition: 0 };
const MIB = 1024 * 1024;

function valueOf(bytes: number, seed = 7): Uint8Array {
  const value = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += 1) value[at] = (at * seed + (at >> 8)) & 0xff;
  return value;
}

/** The batches of one send, as the worker gets them. */
async function batchesOf(message: object, counts: number | null = 4): Promise<{ partition: number; bytes: Bytes }[]> {
  const worker = new FakeWorker();
  worker.counts.set("t", counts);
  await worker.producer({}, cryptoRandom).send({ topic: "t", messages: [message as never] });
  return worker.batches;
}

function small(text: string): Bytes {
  const encoder = new RecordBatchEncoder();
  encoder.append({ key: null, value: text, timestamp: 1 });
  return encoder.finish();
}

/** As a log holds them: from `offset` on. */
function placed(batches: readonly Bytes[], offset = 0): Bytes[] {
  return batches.map((batch, index) => {
    const own = batch.slice();
    writeCrc(own, 0);
    patchLogPosition(own, 0, { baseOffset: offset + index, leaderEpoch: 0 });
    return own;
  });
}

function reader(maxMessageBytes?: number) {
  const broken: BrokenMessage[] = [];
  const chunks = new ChunkAssembler({ maxMessageBytes, onBroken: (one) => broken.push(one) });
  const read = async (batches: readonly Bytes[]): Promise<ReceivedMessage[]> => {
    const found: ReceivedMessage[] = [];
    for (const batch of batches) {
      const run = { ...AT, buffer: batch.buffer, from: 0, to: 1e9 };
      for (const some of messagesOf(run)) found.push(...chunks.whole(await some));
    }
    return found;
  };
  return { chunks, read, broken };
}

const only = (found: readonly ReceivedMessage[]) => found.map(({ offset, value }) => [offset, value?.byteLength ?? 0]);

describe("a value above a batch", () => {
  test("is sent in chunks of one partition, each alone in its batch, and comes out whole with its headers", async () => {
    const value = valueOf(3 * MIB + 17);
    const batches = await batchesOf({ key: "k", value, headers: { a: "b" }, timestamp: 5 });
    expect(batches).toHaveLength(7);
    expect(new Set(batches.map(({ partition }) => partition)).size).toBe(1);
    const { read, broken } = reader();
    const [message, ...rest] = await read(
      placed(
        batches.map(({ bytes }) => bytes),
        40,
      ),
    );
    expect(rest).toEqual([]);
    expect(message?.value).toEqual(value);
    expect(message).toMatchObject({ offset: 46, timestamp: 5 });
    expect(Object.keys(message?.headers ?? {})).toEqual(["a"]);
    expect(new TextDecoder().decode(message?.key ?? new Uint8Array())).toBe("k");
    expect(broken).toEqual([]);
  });

  test.each([1.2 * MIB, CHUNK_BYTES_MAX * 3, CHUNK_BYTES_MAX * 3 + 1, 9 * MIB + 1].map(Math.floor))(
    "of %i bytes stays together without a key, with and without a known count",
    async (bytes) => {
      for (const counts of [4, null]) {
        const batches = await batchesOf({ value: valueOf(bytes) }, counts);
        expect(new Set(batches.map(({ partition }) => partition)).size).toBe(1);
        const split = new PartitionSplit(64);
        for (const batch of placed(batches.map((one) => one.bytes))) split.add({ bytes: batch });
        const targets = split.finish();
        expect(targets).toHaveLength(1);
        expect(targets[0]?.batches).toHaveLength(batches.length);
        for (const { bytes: chunk } of batches) expect(chunk.byteLength).toBeGreaterThan(MIB / 4);
        const { read } = reader();
        const found = await read(placed(targets[0]?.batches.map((batch) => batch.bytes) ?? []));
        expect(only(found)).toEqual([[batches.length - 1, bytes]]);
      }
    },
  );

  test("shares no batch with what is sent around it, which keeps its place", async () => {
    const worker = new FakeWorker();
    worker.counts.set("t", 1);
    const producer = worker.producer({}, cryptoRandom);
    const messages = [{ value: "a" }, { value: valueOf(2 * MIB) }, { value: "b" }];
    const [metadata] = await producer.send({ topic: "t", messages });
    expect(metadata?.count).toBe(6);
    const { read } = reader();
    let at = 0;
    const batches = worker.batches.map(({ bytes }) => placed([bytes], at++)[0] as Bytes);
    expect((await read(batches)).map(({ value }) => value?.byteLength)).toEqual([1, 2 * MIB, 1]);
  });

  test("is as it was when it was sent, and what is sent after it comes after it", async () => {
    const worker = new FakeWorker();
    worker.counts.set("t", 1);
    const producer = worker.producer({}, cryptoRandom);
    const value = valueOf(2 * MIB);
    const before = value.slice();
    const sends = [value, "after"].map((each) => producer.send({ topic: "t", messages: [{ value: each }] }));
    value.fill(0);
    await Promise.all(sends);
    const { read } = reader();
    const found = await read(
      placed(
        worker.batches.map(({ bytes }) => bytes),
        0,
      ),
    );
    expect(found.map((message) => message.value?.byteLength)).toEqual([2 * MIB, 5]);
    expect(found[0]?.value).toEqual(before);
  });

  test("above its limit is refused at send, and so is one whose headers leave no room", async () => {
    const worker = new FakeWorker();
    worker.counts.set("t", 1);
    const send = (message: object, maxMessageBytes = 2 * MIB) =>
      worker.producer({ maxMessageBytes }, cryptoRandom).send({ topic: "t", messages: [message as never] });
    const tooLarge = { code: "MESSAGE_TOO_LARGE", details: { topic: "t", index: 0 } };
    await expect(send({ value: valueOf(2 * MIB + 1) })).rejects.toMatchObject(tooLarge);
    await expect(send({ value: valueOf(MIB), headers: { h: valueOf(600_000) } })).rejects.toMatchObject(tooLarge);
    expect(worker.packs).toEqual([]);
  });
});

describe("chunks that are read", () => {
  async function twoMessages(): Promise<[Bytes[], Bytes[]]> {
    const [a, b] = await Promise.all([
      batchesOf({ value: valueOf(2 * MIB, 3) }),
      batchesOf({ value: valueOf(2 * MIB, 5) }),
    ]);
    return [a.map(({ bytes }) => bytes), b.map(({ bytes }) => bytes)];
  }

  test("of several producers may be mixed, with others between", async () => {
    const [a, b] = await twoMessages();
    const mixed = a.flatMap((chunk, index) => [chunk, small("x"), b[index] as Bytes]);
    const { read, broken } = reader();
    const found = await read(placed(mixed));
    expect(only(found).filter(([, bytes]) => bytes !== 1)).toEqual([
      [9, 2 * MIB],
      [11, 2 * MIB],
    ]);
    expect(found.find(({ offset }) => offset === 9)?.value).toEqual(valueOf(2 * MIB, 3));
    expect(broken).toEqual([]);
  });

  test("send their first place along with each commit until the message was handled", async () => {
    const [a] = await twoMessages();
    const { chunks, read } = reader();
    const book = new PositionBook(chunks, new PausedPartitions());
    const batches = placed([small("x"), ...a, small("y")]);
    const line = { ...AT, pending: false };
    book.begin({ ...line, buffer: new ArrayBuffer(), from: 0, to: 6, highWatermark: 6, own: null });
    await read(batches.slice(0, 3));
    book.resolve(line, 3);
    expect(book.uncommitted()).toEqual([{ ...AT, offset: 3, readFrom: 1 }]);
    book.committed([{ ...AT, offset: 3 }]);
    await read(batches.slice(3, 5));
    book.resolve(line, 4);
    // Complete, and its handler has not ended: who starts again needs its chunks.
    expect(book.uncommitted()).toEqual([{ ...AT, offset: 4, readFrom: 1 }]);
    book.resolve(line, 5);
    expect(book.uncommitted()).toEqual([{ ...AT, offset: 5 }]);
  });

  test("are put together again where the last one is read again, as after a handler that failed", async () => {
    const [a] = await twoMessages();
    const { chunks, read } = reader();
    const batches = placed(a);
    expect(only(await read(batches))).toEqual([[3, 2 * MIB]]);
    expect(only(await read(batches.slice(3)))).toEqual([[3, 2 * MIB]]);
    expect(only(await read(batches))).toEqual([[3, 2 * MIB]]);
    chunks.resolved(AT, 4);
    expect(only(await read(batches.slice(3)))).toEqual([]);
  });

  test.each([
    ["one is missing", (batches: Bytes[]) => batches.toSpliced(1, 1), /chunk 1 of 4 is missing/],
    ["the first was not read", (batches: Bytes[]) => batches.slice(1), /first 1 chunks/],
  ])("are passed by where %s, and told once", async (_, change, said) => {
    const [a, b] = await twoMessages();
    const { chunks, read, broken } = reader();
    const batches = placed([...a]);
    const found = await read([...change(batches), ...placed(b, 10)]);
    expect(only(found)).toEqual([[13, 2 * MIB]]);
    expect(broken.map(({ error }) => error.message)).toEqual([expect.stringMatching(said)]);
    expect(broken[0]).toMatchObject({ ...AT, error: { code: "CORRUPT_MESSAGE" } });
    chunks.resolved(AT, 14);
    expect(chunks.neededFrom(AT, 14)).toBe(14);
  });

  test("with another checksum, or above the limit, are told and passed by", async () => {
    const [[first, ...rest]] = await twoMessages();
    const bad = (first as Bytes).slice();
    bad[bad.length - 300] = (bad[bad.length - 300] ?? 0) ^ 1;
    const damaged = reader();
    expect(await damaged.read(placed([bad, ...rest]))).toEqual([]);
    const strict = reader(MIB);
    expect(await strict.read(placed([first as Bytes, ...rest]))).toEqual([]);
    expect([damaged, strict].map(({ broken }) => broken.map(({ error }) => error.message))).toEqual([
      [expect.stringMatching(/checksum/)],
      [expect.stringMatching(/at most/)],
    ]);
  });

  test("that are never continued hold nothing for ever", async () => {
    const [a, b] = await twoMessages();
    const { chunks, read, broken } = reader();
    await read(placed(a.slice(0, 2)));
    expect(chunks.neededFrom(AT, 50)).toBe(0);
    expect(only(await read(placed(b, 200_000)))).toEqual([[200_003, 2 * MIB]]);
    expect(broken).toHaveLength(1);
    expect(broken[0]).toMatchObject({ from: 0, to: 2 });
    chunks.resolved(AT, 200_004);
    expect(chunks.neededFrom(AT, 200_004)).toBe(200_004);
  });

  test("are forgotten by a seek", async () => {
    const [a] = await twoMessages();
    const { chunks, read } = reader();
    const book = new PositionBook(chunks, new PausedPartitions());
    await read(placed(a.slice(0, 2)));
    book.seek({ ...AT, offset: 90 });
    expect(chunks.neededFrom(AT, 95)).toBe(95);
  });

  test("with headers that are none of ours are records like others", async () => {
    const encoder = new RecordBatchEncoder();
    const headers = [
      { key: CHUNK_HEADERS.id, value: "not an id" },
      { key: CHUNK_HEADERS.index, value: "0" },
    ];
    encoder.append({ key: null, value: "plain", timestamp: 1, headers });
    const { read } = reader();
    expect((await read([encoder.finish()])).map((message) => message.text())).toEqual(["plain"]);
  });
});
