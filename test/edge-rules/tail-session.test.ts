/** One device's socket: what it asks for, what it is told, and when it ends. */
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { TailSessionLab, TOPIC } from "./tail-session-lab.ts";

const SECOND = 1_000;
const LIFETIME = 3_600 * SECOND;

function running(lab: TailSessionLab, lifetimeMs = LIFETIME): AbortController {
  const over = new AbortController();
  void lab.session.run({ lifetimeMs, signal: over.signal });
  return over;
}

test("records pass under the subscription's id, acknowledgements go to its partition", async () => {
  const lab = new TailSessionLab();
  const first = await lab.subscribe({ id: 7 });
  const second = await lab.subscribe({ id: 0xffff_ffff, partition: 1 });
  first.records(3);
  second.records(2);
  expect(lab.records).toEqual([7, 0xffff_ffff]);
  await lab.say({ type: "ack", id: 7, offset: 3 });
  expect([first.heard, second.heard]).toEqual([[{ type: "ack", offset: 3 }], []]);
});

test("an ack beyond what was sent is one of what was sent; one that goes back, or of nothing, is none", async () => {
  const lab = new TailSessionLab();
  const upstream = await lab.subscribe();
  upstream.records(3);
  await lab.say({ type: "ack", id: 1, offset: Number.MAX_SAFE_INTEGER });
  await lab.say({ type: "ack", id: 1, offset: 1 });
  await lab.say({ type: "ack", id: 9, offset: 1 });
  expect(upstream.heard).toEqual([{ type: "ack", offset: 3 }]);
  expect(lab.errors).toEqual([]);
});

test("the socket ends itself with an end frame and closes cleanly, its partitions' sockets too", async () => {
  const lab = new TailSessionLab();
  running(lab, 300 * SECOND);
  const upstream = await lab.subscribe();
  await lab.clock.advance(299 * SECOND);
  expect(lab.closed).toBeNull();
  await lab.clock.advance(1 * SECOND);
  expect(lab.said.at(-1)).toEqual({ type: "end" });
  expect(lab.closed).toEqual({ code: 1000, reason: "end" });
  expect(upstream.closed).toBe(true);
});

test("a reader silent for a minute with records under way is closed; one without is not", async () => {
  const lab = new TailSessionLab();
  running(lab);
  const upstream = await lab.subscribe();
  await lab.clock.advance(200 * SECOND);
  expect(lab.closed).toBeNull();
  upstream.records(3);
  await lab.clock.advance(60 * SECOND);
  expect(lab.closed).toBeNull();
  await lab.clock.advance(16 * SECOND);
  expect(lab.errors).toEqual([[null, "REQUEST_TIMED_OUT"]]);
  expect([lab.closed?.code, upstream.closed]).toEqual([1008, true]);
});

test("a silent reader is closed although records of other partitions begin to come meanwhile", async () => {
  const lab = new TailSessionLab();
  running(lab);
  const upstreams = [];
  for (let id = 0; id < 10; id += 1) upstreams.push(await lab.subscribe({ id, partition: id }));
  for (const upstream of upstreams.slice(0, 5)) {
    upstream.records(3);
    await lab.clock.advance(20 * SECOND);
  }
  expect(lab.errors).toEqual([[null, "REQUEST_TIMED_OUT"]]);
});

test("a reader that has acknowledged all records is not silent, whatever its position moved to behind them", async () => {
  const lab = new TailSessionLab();
  running(lab);
  const upstream = await lab.subscribe();
  upstream.records(3);
  upstream.position(8);
  await lab.say({ type: "ack", id: 1, offset: 3 });
  await lab.clock.advance(300 * SECOND);
  expect(lab.errors).toEqual([]);
});

test("pings are answered without a word to a partition", async () => {
  const lab = new TailSessionLab();
  const upstream = await lab.subscribe();
  await lab.say("ping");
  expect([lab.pongs, upstream.heard]).toEqual([["pong"], []]);
});

describe("the partitions' sockets go", () => {
  test("when the client does, also those that are being opened", async () => {
    const lab = new TailSessionLab();
    const upstream = await lab.subscribe();
    let open = (): void => undefined;
    lab.opening = new Promise((resolve) => (open = resolve));
    const subscribing = lab.subscribe({ id: 2, partition: 1 });
    await lab.clock.settle();
    lab.session.gone();
    open();
    const late = await subscribing;
    expect([upstream.closed, late.closed]).toEqual([true, true]);
  });

  test("when the subscription ends while it is being opened, and the id's next one stands", async () => {
    const lab = new TailSessionLab();
    let open = (): void => undefined;
    lab.opening = new Promise((resolve) => (open = resolve));
    const subscribing = lab.subscribe();
    await lab.clock.settle();
    await lab.say({ type: "unsubscribe", id: 1 });
    const again = lab.subscribe({ id: 2, offset: 5 });
    open();
    await Promise.all([subscribing, again]);
    expect(lab.upstreams.map((one) => [one.asked.request.offset, one.closed])).toEqual([
      [0, true],
      [5, false],
    ]);
    lab.upstreams[0]?.records(9);
    lab.upstreams[1]?.records(9);
    expect(lab.records).toEqual([2]);
  });
});

describe("a subscription ends alone", () => {
  test("where its partition refuses it, or its socket breaks", async () => {
    const lab = new TailSessionLab();
    const first = await lab.subscribe();
    lab.refusal = new StrandlineError("TRUNCATED", "", { divergence: 3 });
    await lab.say({ type: "subscribe", id: 2, topicId: TOPIC, partition: 1, offset: 0 });
    lab.refusal = null;
    const third = await lab.subscribe({ id: 3, partition: 3 });
    third.break();
    await lab.say({ type: "subscribe", id: 4, topicId: TOPIC.replace("1", "2"), partition: 1, offset: 0 });
    await lab.say({ type: "subscribe", id: 5, topicId: TOPIC, partition: 2_000, offset: 0 });
    expect(lab.errors).toEqual([
      [2, "TRUNCATED"],
      [3, "NETWORK_EXCEPTION"],
      [4, "UNKNOWN_TOPIC_ID"],
      [5, "UNKNOWN_TOPIC_OR_PARTITION"],
    ]);
    expect([lab.session.subscriptions, lab.closed]).toEqual([1, null]);
    first.records(3);
    expect(lab.records).toEqual([1]);
  });
});

const SUBSCRIBE = { type: "subscribe", id: 2, topicId: TOPIC, partition: 1, offset: 0 };

test.each([
  ["an id that stands", { ...SUBSCRIBE, id: 1 }, { id: 1 }],
  ["a window above the most", { ...SUBSCRIBE, windowBytes: LIMITS.tailWindowBytesMax + 1 }, { field: "windowBytes" }],
  ["no window", { ...SUBSCRIBE, windowBytes: 0 }, { field: "windowBytes" }],
  ["a negative offset", { ...SUBSCRIBE, offset: -1 }, { field: "offset" }],
  ["half an offset", { ...SUBSCRIBE, offset: 0.5 }, { field: "offset" }],
  ["an offset that is no safe number", { ...SUBSCRIBE, offset: 2 ** 53 }, { field: "offset" }],
  ["a partition above any", { ...SUBSCRIBE, partition: 2 ** 31 }, { field: "partition" }],
  ["an id above 32 bits", { ...SUBSCRIBE, id: 2 ** 32 }, { field: "id" }],
  ["no id", { ...SUBSCRIBE, id: undefined }, { field: "id" }],
  ["a name for an id", { ...SUBSCRIBE, topicId: "orders" }, { field: "topicId" }],
  ["half an epoch", { ...SUBSCRIBE, leaderEpoch: { counter: 1 } }, { field: "leaderEpoch.random" }],
  ["a CRC of 33 bits", { ...SUBSCRIBE, previousCrc: 2 ** 32 }, { field: "previousCrc" }],
  ["an ack of nothing", { type: "ack", id: 1 }, { field: "offset" }],
  ["an ack of a text", { type: "ack", id: 1, offset: "7" }, { field: "offset" }],
  ["an unknown type", { type: "fetch" }, { field: "type" }],
  ["no type", {}, { field: "type" }],
  ["a list", "[]", {}],
  ["a number", "7", {}],
  ["null", "null", {}],
  ["no JSON", "{", {}],
  ["nothing", "", {}],
  ["a frame that is too large", " ".repeat(LIMITS.jsonBytesMax + 1), {}],
  ["depth without end", `{"type":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, { field: "type" }],
])("%s ends the socket with an error that names it", async (_, frame, details) => {
  const lab = new TailSessionLab();
  const upstream = await lab.subscribe();
  await lab.say(frame);
  const [error] = lab.said;
  expect(error).toMatchObject({ type: "error", id: null, error: { code: "INVALID_REQUEST", ...details } });
  expect([lab.closed?.code, upstream.closed, lab.session.subscriptions]).toEqual([1008, true, 0]);
});

describe("a subscription that the socket has no room for is refused alone", () => {
  test("a thousand are the most", async () => {
    const lab = new TailSessionLab();
    for (let id = 1; id <= LIMITS.tailSubscriptionsMax; id += 1) await lab.subscribe({ id, partition: id });
    await lab.say({ ...SUBSCRIBE, id: 2_000, partition: 1_500, windowBytes: 1 });
    const error = { code: "INVALID_REQUEST", id: 2_000, limit: LIMITS.tailSubscriptionsMax };
    expect(lab.said).toMatchObject([{ type: "error", id: 2_000, error }]);
    expect([lab.closed, lab.session.subscriptions]).toEqual([null, LIMITS.tailSubscriptionsMax]);
  });

  test("windows come to 16 MiB: sixteen default ones, and another once one of them is given back", async () => {
    const lab = new TailSessionLab();
    const plain = { type: "subscribe", topicId: TOPIC, offset: 0 };
    for (let id = 1; id <= 17; id += 1) await lab.say({ ...plain, id, partition: id });
    const error = { code: "INVALID_REQUEST", id: 17, bytes: 17 * 1_048_576, limit: 16_777_216 };
    expect(lab.said).toMatchObject([{ type: "error", id: 17, error }]);
    lab.upstreams[15]?.records(3);
    expect([lab.closed, lab.session.subscriptions, lab.records]).toEqual([null, 16, [16]]);
    await lab.say({ type: "unsubscribe", id: 16 });
    await lab.say({ ...plain, id: 17, partition: 17 });
    expect([lab.said.length, lab.session.subscriptions, lab.upstreams.length]).toEqual([1, 16, 17]);
  });

  test("a partition stands on a socket once", async () => {
    const lab = new TailSessionLab();
    const upstream = await lab.subscribe();
    await lab.say({ ...SUBSCRIBE, partition: 0 });
    expect(lab.said).toMatchObject([
      { type: "error", id: 2, error: { code: "INVALID_REQUEST", id: 2, topicId: TOPIC, partition: 0 } },
    ]);
    expect([lab.closed, upstream.closed, lab.session.subscriptions]).toEqual([null, false, 1]);
  });
});

test("what comes behind the end is heard by nobody", async () => {
  const lab = new TailSessionLab();
  const upstream = await lab.subscribe();
  await lab.say("nonsense");
  upstream.records(3);
  upstream.position(3);
  upstream.break();
  await lab.say("ping");
  await lab.say(SUBSCRIBE);
  expect([lab.said.length, lab.records, lab.upstreams.length]).toEqual([1, [], 1]);
});
