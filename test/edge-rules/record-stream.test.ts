/** A stream of records whose clock, body and partitions a test owns. */
import { describe, expect, test } from "vitest";
import { ANYBODY } from "../../edge/auth/caller.ts";
import type { Outcome } from "../../edge/outcome.ts";
import type { EdgePorts, KnownTopic } from "../../edge/operations/ports.ts";
import { lineGrammar } from "../../edge/operations/record-lines.ts";
import { recordStream } from "../../edge/operations/record-stream.ts";
import type { AppendAnswer, AppendRequest } from "../../edge/partition/partition-port.ts";
import { NO_CHAIN, type TopicId } from "../../shared/brands.ts";
import { LIMITS } from "../../shared/limits.ts";
import { batchCount } from "../../shared/record-batch.ts";
import { bytesOf } from "../../shared/utf8.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

const TOPIC: KnownTopic = {
  name: "orders",
  error: null,
  topicId: "00000000-0000-4000-8000-000000000001" as TopicId,
  partitionCount: 1,
  config: {},
};

class Lab {
  readonly clock = new VirtualClock();
  readonly appended: number[] = [];
  underWay = 0;
  underWayMax = 0;
  expiresAtMs: number | null = null;
  topic: KnownTopic | null = TOPIC;
  hold: Promise<void> = Promise.resolve();
  done = Promise.resolve();

  stream(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const ports = {
      access: { allows: () => true },
      caller: { ...ANYBODY, expiresAtMs: this.expiresAtMs },
      clock: this.clock,
      refused: () => undefined,
      background: (work: Promise<void>) => void (this.done = work),
      topics: { byId: () => Promise.resolve(this.topic), asked: () => Promise.resolve(this.topic) },
      partition: () => ({ append: async (request: AppendRequest) => await this.#append(request) }),
    } as unknown as EdgePorts;
    return recordStream(ports, TOPIC, body, lineGrammar());
  }

  async #append({ bytes }: AppendRequest): Promise<Outcome<AppendAnswer>> {
    this.underWay += 1;
    this.underWayMax = Math.max(this.underWayMax, this.underWay);
    await this.hold;
    this.underWay -= 1;
    const baseOffset = this.appended.reduce((sum, count) => sum + count, 0);
    this.appended.push(batchCount(bytes, 0));
    const bounds = { leaderEpoch: { counter: 0, random: 1 }, logStartOffset: 0, highWatermark: 0 };
    const rest = { nextSequence: null, chain: NO_CHAIN, held: [], logAppendTime: null, rowsWritten: 1, error: null };
    return { ok: true, value: { ...bounds, ...rest, baseOffset } };
  }

  /** Everything that does not need time to pass. */
  async rest(): Promise<void> {
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

interface Body {
  readonly readable: ReadableStream<Uint8Array>;
  readonly taken: () => number;
}

/** So many chunks of so many lines; how many of them were read. */
function bodyOf(chunks: number, linesPerChunk: number): Body {
  const chunk = bytesOf('{"value":"a"}\n'.repeat(linesPerChunk));
  let taken = 0;
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    if (taken === chunks) controller.close();
    else controller.enqueue(chunk);
    taken = Math.min(taken + 1, chunks);
  };
  return { readable: new ReadableStream({ pull }, { highWaterMark: 0 }), taken: () => taken };
}

async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text();
}

describe("memory is bounded", () => {
  test("while an append is under way: one group is ready and one is gathered, and no more is read", async () => {
    const lab = new Lab();
    let release = (): void => undefined;
    lab.hold = new Promise((resolve) => (release = resolve));
    const body = bodyOf(1_000, 1_000);
    const reports = textOf(lab.stream(body.readable));
    await lab.rest();
    expect(body.taken() * 14_000).toBeGreaterThan(100_000);
    expect(body.taken() * 14_000).toBeLessThan(2_000_000);
    expect(lab.underWay).toBe(1);
    release();
    expect((await reports).trimEnd().split("\n").length).toBe(1_000_000);
    expect(lab.underWayMax).toBe(1);
    expect(Math.max(...lab.appended)).toBeLessThan(10_000);
  });

  test("by lines that are nothing but errors too", async () => {
    const lab = new Lab();
    const body = new Blob([Uint8Array.from(bytesOf("1\n".repeat(20_000)))]).stream();
    const reports = (await textOf(lab.stream(body))).trimEnd().split("\n");
    expect(reports.length).toBe(20_000);
    expect(JSON.parse(reports.at(-1) ?? "")).toMatchObject({ line: 20_000, error: { code: "INVALID_RECORD" } });
  });
});

describe("reports that nobody reads", () => {
  test("hold the stream up, and end it in the end: what is not reported was not stored", async () => {
    const lab = new Lab();
    const body = bodyOf(1_000, 1_000);
    const readable = lab.stream(body.readable);
    await lab.rest();
    for (let turn = 0; turn < 200; turn += 1) await lab.rest();
    const stored = lab.appended.reduce((sum, count) => sum + count, 0);
    expect(stored).toBeLessThan(250_000);
    const before = lab.appended.length;
    await lab.clock.advance(LIMITS.reportsWaitMsMax - 1_000);
    expect(lab.appended.length).toBe(before);
    await lab.clock.advance(2_000);
    await lab.done;
    const lines = (await textOf(readable)).trimEnd().split("\n");
    expect(lines.length).toBe(stored + 1);
    expect(lab.appended.reduce((sum, count) => sum + count, 0)).toBe(stored);
    const last = JSON.parse(lines.at(-1) ?? "") as { line?: number };
    expect(last).toMatchObject({ error: { code: "REQUEST_TIMED_OUT" } });
    expect(last.line).toBeUndefined();
  });

  test("are nobody's once their reader has gone, and the stream goes on", async () => {
    const lab = new Lab();
    const readable = lab.stream(bodyOf(300, 1_000).readable);
    await readable.cancel();
    await lab.done;
    expect(lab.appended.reduce((sum, count) => sum + count, 0)).toBe(300_000);
  });
});

test("a body that breaks keeps its whole lines", async () => {
  const lab = new Lab();
  const readable = lab.stream(
    new ReadableStream<Uint8Array>(
      {
        start: (controller) => controller.enqueue(bytesOf('{"value":"a"}\n{"value":"b"}')),
        pull: (controller) => controller.error(new Error("cut")),
      },
      { highWaterMark: 0 },
    ),
  );
  expect(await textOf(readable)).toBe('{"line":1,"partition":0,"offset":0}\n');
  expect(lab.appended).toEqual([1]);
});

test("a credential that expires ends the stream", async () => {
  const lab = new Lab();
  lab.expiresAtMs = lab.clock.now();
  const body = bodyOf(100, 1_000);
  const lines = (await textOf(lab.stream(body.readable))).trimEnd().split("\n");
  expect(lab.appended).toEqual([]);
  expect(body.taken()).toBeLessThan(100);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ line: 1, error: { code: "SASL_AUTHENTICATION_FAILED" } });
  expect(JSON.parse(lines.at(-1) ?? "")).toEqual({
    error: expect.objectContaining({ code: "SASL_AUTHENTICATION_FAILED" }),
  });
});

test("a topic that is deleted meanwhile is told of each line", async () => {
  const lab = new Lab();
  lab.topic = null;
  const lines = (await textOf(lab.stream(bodyOf(1, 2).readable))).trimEnd().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { error: { code: string } }).error.code)).toEqual([
    "UNKNOWN_TOPIC_OR_PARTITION",
    "UNKNOWN_TOPIC_OR_PARTITION",
  ]);
});

test("lone records wait for a moment only, those of a bulk for fewer rows", async () => {
  const lab = new Lab();
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const reports = lab.stream(readable).getReader();
  void writer.write(bytesOf('{"value":"a"}\n'));
  await lab.rest();
  expect(lab.appended).toEqual([]);
  await lab.clock.advance(5);
  await lab.rest();
  expect(lab.appended).toEqual([1]);
  expect(new TextDecoder().decode((await reports.read()).value)).toBe('{"line":1,"partition":0,"offset":0}\n');
  await writer.close();
  await lab.done;
});
