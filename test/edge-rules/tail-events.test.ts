/** An event stream on a clock of the test's own: what it says, when it ends, and what it holds while nobody reads. */
import { expect, test } from "vitest";
import type { TopicId } from "../../shared/brands.ts";
import type { EdgePorts, PartitionTail } from "../../edge/operations/ports.ts";
import { recordsFrame, type TailDownFrame, type TailUpFrame } from "../../edge/partition/tail-frames.ts";
import { NO_QUOTA } from "../../edge/quota/request-quota.ts";
import { eventStream } from "../../edge/tail/event-stream.ts";
import type { TailListener } from "../../edge/tail/tail-upstream.ts";
import { ATTRIBUTES_AT, writeInt16, writeInt64 } from "../../shared/record-batch.ts";
import { RecordBatchEncoder, writeCrc } from "../../shared/record-batch-encode.ts";
import { gzipBatch } from "../../shared/gzip.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

const BOUNDS = { leaderEpoch: { counter: 3, random: 4 }, logStartOffset: 0, highWatermark: 1_000 };
const SECOND = 1_000;

class Lab {
  readonly clock = new VirtualClock();
  readonly heard: TailDownFrame[] = [];
  closed = false;
  text = "";
  /** How many times something was taken. */
  taken = 0;
  done = false;
  #listener: TailListener | null = null;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;

  async open({ streamMs = 300 * SECOND, offset = 0, first = position(0) as TailUpFrame } = {}): Promise<void> {
    const openTail = async (_: PartitionTail, listener: TailListener): ReturnType<EdgePorts["openTail"]> => {
      this.#listener = listener;
      listener.frame(first);
      return await Promise.resolve({
        send: (frame) => void this.heard.push(frame),
        close: () => void (this.closed = true),
      });
    };
    const ports = { streamMs, openTail, quota: NO_QUOTA } as unknown as EdgePorts;
    const from = { offset, leaderEpoch: null };
    const topic = { name: "t", topicId: "t" as TopicId, partitionCount: 1, config: {}, error: null };
    const stream = await eventStream({ ports, clock: this.clock, topic, partition: 0, from });
    this.#reader = stream.getReader();
  }

  records(...batches: readonly Uint8Array[]): void {
    const bytes = batches.reduce((sum, one) => sum + one.length, 0);
    const joined = new Uint8Array(bytes);
    let at = 0;
    for (const one of batches) {
      joined.set(one, at);
      at += one.length;
    }
    this.#listener?.records(recordsFrame({ ...BOUNDS, nextOffset: 10, bytes }, joined));
  }
  say(frame: TailUpFrame): void {
    this.#listener?.frame(frame);
  }
  break(): void {
    this.#listener?.closed();
  }

  /** Reads from now on. */
  readOn(): void {
    void (async () => {
      while (await this.readOnce());
    })();
  }

  async readOnce(): Promise<boolean> {
    const { done, value } = (await this.#reader?.read()) ?? { done: true, value: undefined };
    this.done = done;
    if (value !== undefined) this.text += new TextDecoder().decode(value);
    if (value !== undefined) this.taken += 1;
    return !done;
  }

  async cancel(): Promise<void> {
    await this.#reader?.cancel();
  }

  /** The events, as a browser takes them apart. */
  get events(): { type: string; id: string; data: string }[] {
    return this.text.split("\n\n").flatMap((block) => {
      const fields = block.split("\n").map((line) => /^([a-z]*): ?([^]*)$/.exec(line) ?? []);
      const said = (name: string): string =>
        fields.flatMap(([, field, value]) => (field === name ? [value ?? ""] : [])).join("\n");
      return said("data") === "" ? [] : [{ type: said("event"), id: said("id"), data: said("data") }];
    });
  }
  get values(): unknown[] {
    return this.events.filter(({ id }) => id !== "").map(({ data }) => (JSON.parse(data) as { value?: unknown }).value);
  }
}

function position(nextOffset: number): TailUpFrame {
  return { type: "position", ...BOUNDS, nextOffset };
}

function batchAt(offset: number, ...values: readonly (string | Uint8Array)[]): Uint8Array {
  const encoder = new RecordBatchEncoder();
  for (const value of values) encoder.append({ key: null, timestamp: 1, value });
  const bytes = encoder.finish().slice();
  writeInt64(bytes, 0, offset);
  return bytes;
}

test("values cannot break the framing, and bytes that are no text come as base64", async () => {
  const lab = new Lab();
  await lab.open();
  const value = "a\n\nevent: end\ndata: {}\r\n\r\r\u2028b";
  lab.records(batchAt(0, value, Uint8Array.of(0xff, 0x0a, 0x0a)), batchAt(2, "\ufeff", ""));
  lab.readOn();
  await lab.clock.settle();
  expect(lab.events.map(({ type, id }) => [type, id])).toEqual([0, 1, 2, 3].map((offset) => ["", `${offset}-3-4`]));
  expect(lab.values).toEqual([value, undefined, "\ufeff", ""]);
  expect(JSON.parse(lab.events[1]?.data ?? "")).toMatchObject({ valueBase64: "/woK" });
});

test("gzip is opened", async () => {
  const lab = new Lab();
  await lab.open();
  lab.records(await gzipBatch(batchAt(0, "x".repeat(2_000), "y")));
  lab.readOn();
  await lab.clock.advance(1);
  await expect.poll(() => lab.values).toEqual(["x".repeat(2_000), "y"]);
});

test("what stands before records that cannot be looked into comes, then the refusal", async () => {
  const lab = new Lab();
  await lab.open();
  const snappy = batchAt(1, "b");
  writeInt16(snappy, ATTRIBUTES_AT, 2);
  writeCrc(snappy, 0);
  lab.records(batchAt(0, "a"), snappy, batchAt(2, "c"));
  lab.readOn();
  await lab.clock.settle();
  expect(lab.events.map(({ type }) => type)).toEqual(["", "refused"]);
  expect(lab.values).toEqual(["a"]);
  expect(lab.events[1]?.data).toContain("UNSUPPORTED_COMPRESSION_TYPE");
  expect([lab.done, lab.closed, lab.heard]).toEqual([true, true, []]);
});

test("nothing is acknowledged before it was taken, and little of it is made ahead", async () => {
  const lab = new Lab();
  await lab.open();
  const large = await gzipBatch(batchAt(0, ...Array.from({ length: 250 }, () => "z".repeat(4_000))));
  lab.records(large, batchAt(250, "end"));
  await lab.clock.advance(20);
  expect(lab.heard).toEqual([]);
  let most = 0;
  for (let before = 0; !lab.text.includes('"end"'); before = lab.text.length) {
    expect(lab.heard).toEqual([]);
    expect(await lab.readOnce()).toBe(true);
    most = Math.max(most, lab.text.length - before);
  }
  expect(most).toBeLessThan(200_000);
  await lab.clock.settle();
  expect(lab.heard).toEqual([{ type: "ack", offset: 10 }]);
  expect(lab.values).toHaveLength(251);
});

test("a stream on which nothing moves beats", async () => {
  const lab = new Lab();
  await lab.open();
  lab.readOn();
  await lab.clock.advance(46 * SECOND);
  expect(lab.text.match(/^:$/gm)).toHaveLength(3);
});

test.each([7, 15, 40, 300])(
  "after its %i seconds it says so once, ends cleanly, and lets go of its partition",
  async (seconds) => {
    const lab = new Lab();
    await lab.open({ streamMs: seconds * SECOND });
    lab.readOn();
    await lab.clock.advance(seconds * SECOND - 1);
    expect([lab.done, lab.closed]).toEqual([false, false]);
    await lab.clock.advance(2);
    expect([lab.done, lab.closed]).toEqual([true, true]);
    expect(lab.events).toEqual([{ type: "end", id: "", data: "{}" }]);
  },
);

test("the end is said once, also where it comes while records are taken apart", async () => {
  const lab = new Lab();
  await lab.open({ streamMs: 10 * SECOND });
  await lab.readOnce();
  await lab.clock.advance(10 * SECOND - 1);
  lab.readOn();
  lab.say(position(1));
  lab.clock.jump(1);
  await lab.clock.advance(20 * SECOND);
  expect(lab.events).toEqual([{ type: "end", id: "", data: "{}" }]);
  expect(lab.done).toBe(true);
});

test("a reader that takes nothing keeps its partition's socket no longer than the stream would live", async () => {
  const lab = new Lab();
  await lab.open({ streamMs: 60 * SECOND });
  lab.records(batchAt(0, "a"));
  await lab.clock.advance(61 * SECOND);
  expect(lab.closed).toBe(true);
  lab.readOn();
  await lab.clock.advance(1);
  expect([lab.done, lab.events.at(-1)?.type]).toEqual([true, "end"]);
});

test("when its reader goes, its partition's socket goes, and nothing beats on", async () => {
  const lab = new Lab();
  await lab.open();
  await lab.readOnce();
  await lab.cancel();
  expect(lab.closed).toBe(true);
  await lab.clock.advance(600 * SECOND);
  expect(lab.taken).toBe(1);
});

test("a partition's refusal or broken socket is told, and the stream ends", async () => {
  const refused = new Lab();
  await refused.open();
  refused.readOn();
  refused.say({ type: "error", error: new StrandlineError("CORRUPT_MESSAGE", "", { offset: 3 }).toBody() });
  await refused.clock.settle();
  expect(refused.events).toMatchObject([{ type: "refused" }]);
  expect(refused.done).toBe(true);
  const broken = new Lab();
  await broken.open();
  broken.readOn();
  broken.break();
  await broken.clock.settle();
  expect([broken.done, broken.events.at(-1)?.data.includes("NETWORK_EXCEPTION")]).toEqual([true, true]);
});

test("a batch that begins before the position gives only what is from there on", async () => {
  const lab = new Lab();
  await lab.open({ offset: 1 });
  lab.records(batchAt(0, "a", "b", "c"));
  lab.readOn();
  await lab.clock.settle();
  expect(lab.values).toEqual(["b", "c"]);
});
