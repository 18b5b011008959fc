/** An event stream on a clock of the test's own: what it says, when it ends, and what it holds while nobody reads. */
import { expect, test } from "vitest";
import { ATTRIBUTES_AT, writeInt16 } from "../../shared/record-batch.ts";
import { writeCrc } from "../../shared/record-batch-encode.ts";
import { gzipBatch } from "../../shared/gzip.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { EventStreamLab, SECOND, batchAt, position } from "./tail-events-lab.ts";

test("values cannot break the framing, and bytes that are no text come as base64", async () => {
  const lab = new EventStreamLab();
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
  const lab = new EventStreamLab();
  await lab.open();
  lab.records(await gzipBatch(batchAt(0, "x".repeat(2_000), "y")));
  lab.readOn();
  await lab.clock.advance(1);
  await expect.poll(() => lab.values).toEqual(["x".repeat(2_000), "y"]);
});

test("what stands before records that cannot be looked into comes, then the refusal", async () => {
  const lab = new EventStreamLab();
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
  const lab = new EventStreamLab();
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
  const lab = new EventStreamLab();
  await lab.open();
  lab.readOn();
  await lab.clock.advance(46 * SECOND);
  expect(lab.text.match(/^:$/gm)).toHaveLength(3);
});

test.each([7, 15, 40, 300])(
  "after its %i seconds it says so once, ends cleanly, and lets go of its partition",
  async (seconds) => {
    const lab = new EventStreamLab();
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
  const lab = new EventStreamLab();
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
  const lab = new EventStreamLab();
  await lab.open({ streamMs: 60 * SECOND });
  lab.records(batchAt(0, "a"));
  await lab.clock.advance(61 * SECOND);
  expect(lab.closed).toBe(true);
  lab.readOn();
  await lab.clock.advance(1);
  expect([lab.done, lab.events.at(-1)?.type]).toEqual([true, "end"]);
});

test("when its reader goes, its partition's socket goes, and nothing beats on", async () => {
  const lab = new EventStreamLab();
  await lab.open();
  await lab.readOnce();
  await lab.cancel();
  expect(lab.closed).toBe(true);
  await lab.clock.advance(600 * SECOND);
  expect(lab.taken).toBe(1);
});

test("a partition's refusal or broken socket is told, and the stream ends", async () => {
  const refused = new EventStreamLab();
  await refused.open();
  refused.readOn();
  refused.say({ type: "error", error: new StrandlineError("CORRUPT_MESSAGE", "", { offset: 3 }).toBody() });
  await refused.clock.settle();
  expect(refused.events).toMatchObject([{ type: "refused" }]);
  expect(refused.done).toBe(true);
  const broken = new EventStreamLab();
  await broken.open();
  broken.readOn();
  broken.break();
  await broken.clock.settle();
  expect([broken.done, broken.events.at(-1)?.data.includes("NETWORK_EXCEPTION")]).toEqual([true, true]);
});

test("a batch that begins before the position gives only what is from there on", async () => {
  const lab = new EventStreamLab();
  await lab.open({ offset: 1 });
  lab.records(batchAt(0, "a", "b", "c"));
  lab.readOn();
  await lab.clock.settle();
  expect(lab.values).toEqual(["b", "c"]);
});
