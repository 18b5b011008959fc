/** A stream of records: what it holds, what it waits for, and what its sender hears. */
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../shared/limits.ts";
import { bytesOf } from "../../shared/utf8.ts";
import { bodyOf, RecordStreamLab, textOf } from "./record-stream-lab.ts";

describe("memory is bounded", () => {
  test("while an append is under way: one group is ready and one is gathered, and no more is read", async () => {
    const lab = new RecordStreamLab();
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
    const lab = new RecordStreamLab();
    const body = new Blob([Uint8Array.from(bytesOf("1\n".repeat(20_000)))]).stream();
    const reports = (await textOf(lab.stream(body))).trimEnd().split("\n");
    expect(reports.length).toBe(20_000);
    expect(JSON.parse(reports.at(-1) ?? "")).toMatchObject({ line: 20_000, error: { code: "INVALID_RECORD" } });
  });
});

describe("reports that nobody reads", () => {
  test("hold the stream up, and end it in the end: what is not reported was not stored", async () => {
    const lab = new RecordStreamLab();
    const body = bodyOf(1_000, 1_000);
    const readable = lab.stream(body.readable);
    await lab.rest();
    for (let turn = 0; turn < 200; turn += 1) await lab.rest();
    const stored = lab.stored;
    expect(stored).toBeLessThan(250_000);
    const before = lab.appended.length;
    await lab.clock.advance(LIMITS.reportsWaitMsMax - 1_000);
    expect(lab.appended.length).toBe(before);
    await lab.clock.advance(2_000);
    await lab.done;
    const lines = (await textOf(readable)).trimEnd().split("\n");
    expect(lines.length).toBe(stored + 1);
    expect(lab.stored).toBe(stored);
    const last = JSON.parse(lines.at(-1) ?? "") as { line?: number };
    expect(last).toMatchObject({ error: { code: "REQUEST_TIMED_OUT" } });
    expect(last.line).toBeUndefined();
  });

  test("are nobody's once their reader has gone, and the stream goes on", async () => {
    const lab = new RecordStreamLab();
    const readable = lab.stream(bodyOf(300, 1_000).readable);
    await readable.cancel();
    await lab.done;
    expect(lab.stored).toBe(300_000);
  });
});

test("a body that breaks keeps its whole lines", async () => {
  const lab = new RecordStreamLab();
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

test("a topic that is deleted meanwhile is told of each line", async () => {
  const lab = new RecordStreamLab();
  lab.topic = null;
  const lines = (await textOf(lab.stream(bodyOf(1, 2).readable))).trimEnd().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { error: { code: string } }).error.code)).toEqual([
    "UNKNOWN_TOPIC_OR_PARTITION",
    "UNKNOWN_TOPIC_OR_PARTITION",
  ]);
});

test("lone records wait for a moment only, those of a bulk for fewer rows", async () => {
  const lab = new RecordStreamLab();
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
