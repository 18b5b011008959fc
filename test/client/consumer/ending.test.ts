/** What ends a consumer, and what does not: errors that would come again, and those that may pass. */
import { describe, expect, test } from "vitest";
import type { ConsumerPayloads } from "../../../client/page/consumer-events.ts";
import type { PageConsumer } from "../../../client/page/consumer.ts";
import { systemClock } from "../../../client/web-ports.ts";
import { ERRORS, type ErrorCode } from "../../../shared/error-table.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import { ConsumerLab, inWords, until, type LabOptions } from "./consumer-lab.ts";

type Crash = ConsumerPayloads["crash"];

interface Told {
  readonly lab: ConsumerLab;
  readonly consumer: PageConsumer;
  readonly crashes: Crash[];
  readonly seen: string[];
  readonly stops: number[];
  readonly run: () => Promise<void>;
}

async function reading(
  topics: readonly (string | RegExp)[],
  options: LabOptions & Parameters<ConsumerLab["consumer"]>[0] = {},
): Promise<Told> {
  const { opening, ...config } = options;
  const lab = await ConsumerLab.open({ localPartitionCount: 1, ...(opening === undefined ? {} : { opening }) });
  await lab.append("t-0: a", "other-0: x");
  const consumer = lab.consumer(config);
  const told: Told = {
    lab,
    consumer,
    crashes: [],
    seen: [],
    stops: [],
    run: () => consumer.run({ eachMessage: ({ message }) => void told.seen.push(inWords(message)) }),
  };
  consumer.on("crash", ({ payload }) => void told.crashes.push(payload));
  consumer.on("stop", ({ timestamp }) => void told.stops.push(timestamp));
  await consumer.subscribe({ topics, fromBeginning: true });
  return told;
}

const codes = (retriable: boolean): ErrorCode[] =>
  (Object.keys(ERRORS) as ErrorCode[]).filter((code) => ERRORS[code].retriable === retriable);

/** `CLOSED` is the client's own end, and a turn that is over makes the consumer stand by. */
const FOR_GOOD = codes(false).filter((code) => code !== "CLOSED");

describe("opening", () => {
  test.each(FOR_GOOD)("%s ends it: run rejects, crash and stop tell, and it can be run again", async (code) => {
    let failing = true;
    const opening = (): void => {
      if (failing) throw new StrandlineError(code, "by the test", { topic: "t" });
    };
    const { consumer, crashes, stops, seen, run } = await reading(["t"], { opening, groupId: "g" });
    await expect(run()).rejects.toMatchObject({ code });
    await until(() => stops.length > 0);
    expect(crashes).toEqual([
      { error: expect.objectContaining({ code }), groupId: "g", topic: "t", restart: false, retryInMs: null },
    ]);
    failing = false;
    await run();
    await until(() => seen.length > 0);
    expect([seen, crashes.length]).toEqual([["a@0"], 1]);
    await consumer.stop();
  });

  test.each(codes(true))("%s does not: it tries again, later and later", async (code) => {
    let left = 4;
    const opening = (): void => {
      left -= 1;
      if (left >= 0) throw new StrandlineError(code, "by the test");
    };
    const { consumer, crashes, stops, seen, run } = await reading(["t"], { opening });
    await run();
    await until(() => seen.length > 0);
    expect(seen).toEqual(["a@0"]);
    const waits = crashes.map(({ restart, retryInMs }) => [restart, retryInMs]);
    // A worker that has died is replaced at once, and that is no crash.
    const told = [
      [true, 1],
      [true, 2],
      [true, 2],
      [true, 2],
    ];
    expect(waits).toEqual(code === "WORKER_DIED" ? [] : told);
    expect(stops).toEqual([]);
    await consumer.stop();
  });

  test("an iteration throws what ended it", async () => {
    const opening = (): void => {
      throw new StrandlineError("TOPIC_AUTHORIZATION_FAILED", "by the test");
    };
    const { consumer } = await reading(["t"], { opening });
    await expect(consumer.messages().next()).rejects.toMatchObject({ code: "TOPIC_AUTHORIZATION_FAILED" });
  });
});

describe("a topic that the edge refuses", () => {
  test("is the only one: the consumer ends, and what was handled is committed", async () => {
    const { lab, crashes, stops, seen, run } = await reading(["t"], { groupId: "g", maxWaitTimeInMs: 60_000 });
    await run();
    await until(() => seen.length > 0);
    lab.refuse("elsewhere");
    lab.refuse("t");
    await until(() => stops.length > 0);
    expect(crashes).toMatchObject([
      { error: { code: "TOPIC_AUTHORIZATION_FAILED" }, topic: "t", restart: false, retryInMs: null },
    ]);
    expect(await lab.tab.log.replica.committed("g", await lab.tab.ref("t-0"))).toBe(1);
    const asked = lab.polls;
    await systemClock.sleep(30);
    expect(lab.polls).toBe(asked);
  });

  test("an iteration that waits throws", async () => {
    const { lab, consumer, crashes } = await reading(["t"], { maxWaitTimeInMs: 60_000 });
    const messages = consumer.messages();
    expect((await messages.next()).value?.text()).toBe("a");
    const waiting = messages.next();
    waiting.catch(() => {});
    await systemClock.sleep(10);
    lab.refuse("t");
    await expect(waiting).rejects.toMatchObject({ code: "TOPIC_AUTHORIZATION_FAILED" });
    expect(crashes).toHaveLength(1);
    expect(await messages.next()).toEqual({ value: undefined, done: true });
  });

  test("is one of several: told once by name, the others are read; with the last of them it ends", async () => {
    const { lab, crashes, stops, seen, run } = await reading(["t", "other"], { maxWaitTimeInMs: 60_000 });
    await run();
    await until(() => seen.length === 2);
    lab.refuse("other");
    lab.refuse("other");
    await until(() => crashes.length > 0);
    await lab.append("t-0: b");
    await until(() => seen.length === 3);
    expect([seen.at(-1), stops.length]).toEqual(["b@1", 0]);
    expect(crashes).toMatchObject([{ topic: "other", restart: true, retryInMs: null }]);
    expect(crashes[0]?.partition).toBeUndefined();
    lab.refuse("t");
    await until(() => stops.length > 0);
    expect(crashes.at(-1)).toMatchObject({ topic: "t", restart: false });
  });

  test("and may be read again since: it counts no more", async () => {
    const { lab, consumer, crashes, stops, seen, run } = await reading(["t", "other"]);
    await run();
    await until(() => seen.length === 2);
    lab.refuse("other");
    await until(() => crashes.length === 1);
    lab.news.publish({ type: "replicated", refs: [await lab.tab.ref("other-0")] });
    lab.refuse("t");
    await until(() => crashes.length === 2);
    lab.refuse("other");
    await until(() => stops.length > 0);
    expect(crashes.map(({ topic, restart }) => [topic, restart])).toEqual([
      ["other", true],
      ["t", true],
      ["t", false],
    ]);
    await consumer.stop();
  });

  test.each([
    ["a pattern may match another", [/^t/], {}],
    ["what the device itself has sent is shown", ["t"], { isolation: "local" }],
  ] as const)("does not end the consumer where %s", async (_, topics, config) => {
    const { lab, consumer, crashes, stops, seen, run } = await reading(topics, config);
    await run();
    await until(() => seen.length === 1);
    lab.refuse("t");
    await until(() => crashes.length > 0);
    await lab.append("t-0: b");
    await until(() => seen.length === 2);
    expect([crashes, stops]).toMatchObject([[{ topic: "t", restart: true }], []]);
    await consumer.stop();
  });
});

test("what a handler throws never ends the consumer, whatever it is", async () => {
  const { consumer, crashes, stops, seen } = await reading(["t"]);
  await consumer.run({
    eachMessage: ({ message }) => {
      if (crashes.length < 3) throw new StrandlineError("TOPIC_AUTHORIZATION_FAILED", "of a send", { topic: "else" });
      seen.push(inWords(message));
    },
  });
  await until(() => seen.length > 0);
  expect(crashes.map(({ restart, partition }) => [restart, partition])).toEqual([
    [true, 0],
    [true, 0],
    [true, 0],
  ]);
  expect(stops).toEqual([]);
  await consumer.stop();
});
