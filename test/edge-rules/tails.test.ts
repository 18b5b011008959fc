/** The tails of one partition, on a clock and sockets of the test's own. */
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../shared/limits.ts";
import { frameBytesMax, newTail } from "../../edge/partition/tail-state.ts";
import { FakeSocket, TailsLab } from "./tails-lab.ts";

const KIB = 1_024;
const MIB = 1_048_576;

test("a run larger than the window comes in parts that fit it", async () => {
  const lab = new TailsLab();
  const socket = lab.open({ windowBytes: 1_000 });
  lab.append(400, 400, 400, 400);
  await lab.clock.settle();
  await lab.clock.advance(1);
  expect(socket.records.map((one) => one.bytes)).toEqual([800]);
  lab.ack(socket);
  expect(socket.records.map((one) => one.bytes)).toEqual([800, 800]);
});

test("a batch larger than the window comes alone, live and from the log", async () => {
  const lab = new TailsLab();
  lab.hold(300, 5_000, 300);
  const socket = lab.open({ windowBytes: 1_000 });
  lab.append(7_000);
  const sizes = [];
  for (let turn = 0; turn < 8; turn += 1) {
    await lab.clock.advance(1);
    sizes.push(socket.bytes);
    lab.ack(socket);
  }
  expect(socket.records.map((one) => one.bytes)).toEqual([300, 5_000, 300, 7_000]);
  expect(sizes.slice(0, 4)).toEqual([300, 5_300, 5_600, 12_600]);
});

test("a batch that is larger than a frame waits until it fits the window", async () => {
  const lab = new TailsLab();
  lab.hold(250 * KIB, 900 * KIB);
  const socket = lab.open({ windowBytes: MIB });
  await lab.clock.advance(1);
  expect(socket.records.map((one) => one.bytes)).toEqual([250 * KIB]);
  lab.ack(socket);
  await lab.clock.advance(1);
  expect(socket.records.map((one) => one.bytes)).toEqual([250 * KIB, 900 * KIB]);
});

test("no more than 16 MiB are under way over all tails; the one that reads goes on, the silent are closed", async () => {
  const lab = new TailsLab();
  lab.hold(...Array.from({ length: 64 }, () => 900 * KIB));
  const silent = Array.from({ length: 30 }, () => lab.open({ windowBytes: MIB }));
  await lab.clock.advance(10);
  expect(lab.tails.bytesUnderWay).toBeLessThanOrEqual(LIMITS.tailWindowBytesMax);
  expect(lab.tails.bytesUnderWay).toBeGreaterThan(LIMITS.tailWindowBytesMax - MIB);
  const reader = lab.open({ windowBytes: MIB });
  for (let second = 0; second < 300; second += 1) {
    await lab.clock.advance(1_000);
    if (reader.records.length > 0) lab.ack(reader);
    // Who does not read holds up nobody who does for longer than it takes to see that.
    if (second === 5) expect(reader.records.length).toBeGreaterThan(0);
    expect(lab.tails.bytesUnderWay).toBeLessThanOrEqual(LIMITS.tailWindowBytesMax);
  }
  expect(reader.errors).toEqual([]);
  expect(reader.nextOffset).toBe(64);
  expect(silent.filter((one) => one.errors[0] === "REQUEST_TIMED_OUT").length).toBeGreaterThan(0);
});

test("16 MiB hold for batches that are larger than a frame", async () => {
  const lab = new TailsLab();
  lab.hold(...Array.from({ length: 40 }, () => 700 * KIB));
  for (let index = 0; index < 30; index += 1) lab.open({ windowBytes: MIB });
  await lab.clock.advance(10);
  expect(lab.tails.bytesUnderWay).toBeLessThanOrEqual(LIMITS.tailWindowBytesMax);
});

test("a reader that is silent while there is room for all is left alone", async () => {
  const lab = new TailsLab();
  const socket = lab.open();
  lab.append(100);
  await lab.clock.advance(600_000);
  expect(socket.closed).toBeNull();
});

test("one that waits for room goes on as soon as another has acknowledged", async () => {
  const lab = new TailsLab();
  lab.hold(...Array.from({ length: 16 }, () => MIB));
  const holder = lab.open({ windowBytes: LIMITS.tailWindowBytesMax });
  await lab.clock.advance(100);
  expect(lab.tails.bytesUnderWay).toBe(16 * MIB);
  const waiting = lab.open();
  await lab.clock.advance(1_000);
  expect(waiting.records).toEqual([]);
  lab.ack(holder);
  await lab.clock.advance(1);
  expect(waiting.records).toHaveLength(1);
});

test("one that waits for room has its turn before one that acknowledges frame by frame", async () => {
  const lab = new TailsLab();
  lab.hold(...Array.from({ length: 400 }, () => 256 * KIB));
  const quick = lab.open({ windowBytes: LIMITS.tailWindowBytesMax });
  await lab.clock.advance(100);
  const waiting = Array.from({ length: 3 }, () => lab.open({ offset: 200 }));
  for (let at = 0; at < 100; at += 1) {
    lab.ack(quick, quick.records[at]?.nextOffset);
    await lab.clock.advance(1);
  }
  for (const one of waiting) expect(one.records.length).toBeGreaterThan(0);
  expect(quick.records.length).toBeGreaterThan(100);
  expect(lab.tails.bytesUnderWay).toBeLessThanOrEqual(LIMITS.tailWindowBytesMax);
});

test("an acknowledgement that goes back, or beyond what was sent, changes nothing more", async () => {
  const lab = new TailsLab();
  lab.hold(100, 100, 100);
  const socket = lab.open({ windowBytes: 100 });
  lab.ack(socket, 0);
  await lab.clock.advance(1);
  expect(socket.nextOffset).toBe(1);
  lab.ack(socket, 1_000_000);
  await lab.clock.advance(1);
  expect(socket.nextOffset).toBe(2);
  lab.ack(socket, 1);
  await lab.clock.advance(1);
  expect(socket.nextOffset).toBe(2);
  expect(lab.tails.bytesUnderWay).toBe(100);
});

test("what is not a frame of a Worker changes nothing", () => {
  const lab = new TailsLab();
  const socket = lab.open();
  lab.append(100);
  for (const text of [
    "",
    "null",
    "7",
    '{"type":"ack"}',
    '{"type":"ack","offset":-1}',
    '{"type":"ack","offset":1.5}',
    "[",
  ])
    lab.tails.message(socket, text);
  expect(lab.tails.bytesUnderWay).toBe(100);
  lab.tails.message(new FakeSocket(), '{"type":"ack","offset":1}');
  expect(lab.tails.count).toBe(1);
});

test("an object that left memory in the middle of a catch-up goes on by itself", async () => {
  const lab = new TailsLab();
  lab.hold(0, 0, 0, 100);
  lab.hold(...Array.from({ length: 8 }, () => 100 * KIB));
  const socket = lab.open({ windowBytes: MIB });
  lab.evict();
  await lab.clock.advance(10);
  expect(socket.nextOffset).toBe(12);
});

test("one that waited for room when the object left memory still gets it", async () => {
  const lab = new TailsLab();
  lab.hold(...Array.from({ length: 16 }, () => MIB));
  const holder = lab.open({ windowBytes: LIMITS.tailWindowBytesMax });
  await lab.clock.advance(100);
  const waiting = lab.open();
  await lab.clock.advance(1);
  lab.evict();
  await lab.clock.advance(130_000);
  expect(holder.errors).toEqual(["REQUEST_TIMED_OUT"]);
  expect(waiting.records).toHaveLength(1);
});

test("a socket that breaks while it is told where it stands is forgotten for good", () => {
  const lab = new TailsLab();
  const socket = lab.open();
  lab.hold(0, 0, 0);
  socket.broken = true;
  lab.tails.moved();
  expect(lab.tails.count).toBe(0);
  const atBarrier = lab.open({ offset: 3, growthsPassed: 0 });
  atBarrier.broken = true;
  lab.growths.push({ from: 1, at: 3 });
  lab.tails.moved();
  expect(lab.tails.count).toBe(0);
});

test("a reader that falls behind live appends catches up with all of them, once", async () => {
  const lab = new TailsLab();
  const socket = lab.open({ windowBytes: 300 });
  for (let index = 0; index < 50; index += 1) {
    lab.append(100);
    if (index % 7 === 0) lab.ack(socket);
    await lab.clock.advance(1);
  }
  for (let turn = 0; turn < 60; turn += 1) {
    lab.ack(socket);
    await lab.clock.advance(1);
  }
  expect(socket.nextOffset).toBe(50);
  expect(socket.bytes).toBe(5_000);
});

test("where the log start passes a tail, it is told", () => {
  const lab = new TailsLab();
  lab.hold(100, 100, 100, 100);
  const socket = lab.open({ windowBytes: 100 });
  lab.startOffset = 3;
  lab.ack(socket);
  expect(socket.errors).toEqual(["OFFSET_OUT_OF_RANGE"]);
  expect(socket.closed).toEqual({ code: 1000, reason: "OFFSET_OUT_OF_RANGE" });
});

describe("S04: a tail whose reader's credential has expired", () => {
  function opened(): { readonly lab: TailsLab; readonly socket: FakeSocket } {
    const lab = new TailsLab();
    lab.hold(10);
    const socket = lab.open({}, lab.clock.now() + 1_000);
    expect(socket.records.length).toBe(1);
    return { lab, socket };
  }
  const over = { code: 1000, reason: "SASL_AUTHENTICATION_FAILED" };

  test("is sent what comes until then, and nothing after", () => {
    const { lab, socket } = opened();
    lab.clock.jump(999);
    lab.append(10);
    expect([socket.records.length, socket.closed]).toEqual([2, null]);
    lab.clock.jump(1);
    lab.append(10);
    expect([socket.records.length, socket.errors, socket.closed]).toEqual([2, ["SASL_AUTHENTICATION_FAILED"], over]);
    expect([lab.tails.count, lab.tails.bytesUnderWay]).toEqual([0, 0]);
  });

  test("acknowledges nothing any more, and is told nothing of what has moved", () => {
    for (const next of [
      ({ lab, socket }: ReturnType<typeof opened>) => lab.ack(socket),
      ({ lab }: ReturnType<typeof opened>) => lab.tails.moved(),
    ]) {
      const { lab, socket } = opened();
      lab.clock.jump(1_000);
      next({ lab, socket });
      expect([socket.said.slice(1), socket.closed]).toMatchObject([[{ type: "error" }], over]);
    }
  });

  test("is sent nothing by the object that comes back from hibernation", async () => {
    const { lab, socket } = opened();
    lab.evict();
    lab.append(10);
    expect([socket.records.length, socket.closed]).toEqual([2, null]);
    lab.clock.jump(1_000);
    lab.hold(10);
    lab.evict();
    await lab.clock.advance(1);
    expect([socket.records.length, socket.closed]).toEqual([2, over]);
  });
});

test("a window that holds many frames gets larger ones, and still eight of them", () => {
  const sizes = [65_536, 1_048_576, 2_097_152, 3_200_000, 4_194_304, 16_777_216].map((windowBytes) =>
    frameBytesMax(
      newTail({ offset: 0, leaderEpoch: null, previousCrc: null, windowBytes, growthsPassed: null }, 0, null),
    ),
  );
  expect(sizes).toEqual([65_536, 262_144, 262_144, 400_000, 524_288, 524_288]);
});
