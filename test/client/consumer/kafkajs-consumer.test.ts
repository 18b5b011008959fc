/** What code written for KafkaJS asks of a consumer, and what a web developer asks beside it. */
import { expect, test } from "vitest";
import type { PageConsumer } from "../../../client/page/consumer.ts";
import type { OffsetsByTopic } from "../../../client/page/offsets.ts";
import type { Offset } from "../../../shared/brands.ts";
import { systemClock } from "../../../client/web-ports.ts";
import type { Clock } from "../../../shared/clock.ts";
import { ConsumerLab, inWords, until } from "./consumer-lab.ts";

async function withRecords(...values: string[]): Promise<ConsumerLab> {
  const lab = await ConsumerLab.open({ localPartitionCount: 1 });
  await lab.append(`t-0: ${values.join(" ")}`);
  return lab;
}

async function subscribed(consumer: PageConsumer, topic: string | RegExp = "t"): Promise<PageConsumer> {
  await consumer.subscribe({ topic, fromBeginning: true });
  return consumer;
}

test("autoCommitThreshold: in steps of so many records, the rest at the end", async () => {
  const lab = await withRecords("a", "b", "c", "d", "e");
  const consumer = await subscribed(lab.consumer({ groupId: "g" }));
  const commits: number[] = [];
  let handled = 0;
  consumer.on(consumer.events.COMMIT_OFFSETS, ({ payload }) =>
    commits.push(payload.topics[0]?.partitions[0]?.offset ?? -1),
  );
  await consumer.run({ autoCommitThreshold: 2, eachMessage: () => void (handled += 1) });
  await until(() => handled === 5);
  await lab.polled();
  expect(commits).toEqual([2, 4]);
  await consumer.stop();
  const next = await subscribed(lab.consumer({ groupId: "g" }));
  await lab.append("t-0: f");
  const seen: string[] = [];
  await next.run({ eachMessage: ({ message }) => void seen.push(inWords(message)) });
  await until(() => seen.length > 0);
  expect(seen).toEqual(["f@5"]);
  await next.stop();
});

test.each([0, 2])(
  "autoCommitInterval: what was handled is committed once the time has passed, though nothing more comes, or %d empty answers",
  async (empty) => {
    const polled = Promise.withResolvers<void>();
    // The interval passes when it is waited for, and not before: records may take their time.
    let skewMs = 0;
    const clock: Clock = {
      now: () => systemClock.now() + skewMs,
      async sleep(ms, signal) {
        const isInterval = ms > 40_000 && ms <= 50_000;
        if (isInterval)
          await Promise.race([
            polled.promise,
            new Promise<void>((wake) => signal?.addEventListener("abort", () => wake())),
          ]);
        else await systemClock.sleep(ms, signal);
        if (isInterval && signal?.aborted !== true) skewMs += ms;
      },
    };
    const lab = await ConsumerLab.open({ localPartitionCount: 1, clock });
    await lab.append("t-0: a b");
    const consumer = await subscribed(lab.consumer({ groupId: "g", maxWaitTimeInMs: 60_000 }));
    const commits: number[] = [];
    const committedBefore: number[] = [];
    consumer.on("commit_offsets", ({ offsets }) => commits.push(...offsets.map(({ offset }) => offset)));
    await consumer.run({ autoCommitInterval: 50_000, eachMessage: () => void committedBefore.push(commits.length) });
    await until(() => committedBefore.length === 2);
    for (let answers = 0; answers < empty; answers += 1) {
      const { polls } = lab;
      await until(() => {
        consumer.resume([]);
        return lab.polls > polls;
      });
    }
    polled.resolve();
    await until(() => commits.length > 0);
    expect([committedBefore, commits]).toEqual([[0, 0], [2]]);
    await consumer.stop();
  },
);

test("without autoCommit nothing is committed but what is asked for, as numbers or as text", async () => {
  const lab = await withRecords("a", "b", "c");
  const consumer = await subscribed(lab.consumer({ groupId: "g" }));
  const shapes: OffsetsByTopic[] = [];
  await consumer.run({
    autoCommit: false,
    async eachBatch({ batch, resolveOffset, uncommittedOffsets, commitOffsetsIfNecessary }) {
      resolveOffset(String(batch.firstOffset()));
      shapes.push(uncommittedOffsets());
      await commitOffsetsIfNecessary();
      await commitOffsetsIfNecessary({ topics: [{ topic: "t", partitions: [{ partition: 0, offset: "1" }] }] });
    },
  });
  await until(() => shapes.length === 1);
  expect(shapes).toEqual([{ topics: [{ topic: "t", partitions: [{ partition: 0, offset: 1 }] }] }]);
  const ref = await lab.tab.ref("t-0");
  await expect.poll(() => lab.tab.log.replica.committed("g", ref)).toBe(1);
  await consumer.commitOffsets([{ topic: "t", partition: 0, offset: "2" }]);
  expect(await lab.tab.log.replica.committed("g", ref)).toBe(2);
  await expect(consumer.commitOffsets([{ topic: "t", partition: 0, offset: "2x" }])).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    details: { offset: "2x" },
  });
  await consumer.stop();
  expect(await lab.tab.log.replica.committed("g", ref)).toBe(2);
});

test("seek by text, to the end, to the start and by time", async () => {
  const lab = await withRecords("a", "b", "c");
  const consumer = await subscribed(lab.consumer());
  const seen: string[] = [];
  await consumer.run({ eachMessage: ({ message }) => void seen.push(inWords(message)) });
  const expectAfter = async (position: Parameters<PageConsumer["seek"]>[0], ...expected: string[]): Promise<void> => {
    seen.length = 0;
    consumer.seek(position);
    await until(() => seen.length >= expected.length);
    await lab.polled();
    expect(seen).toEqual(expected);
  };
  await until(() => seen.length === 3);
  await expectAfter({ topic: "t", partition: 0, offset: "1" }, "b@1", "c@2");
  await expectAfter({ topic: "t", partition: 0, offset: -2 }, "a@0", "b@1", "c@2");
  await expectAfter({ topic: "t", partition: 0, timestamp: 1_000 }, "a@0", "b@1", "c@2");
  await expectAfter({ topic: "t", partition: 0, timestamp: 1_001 });
  consumer.seek({ topic: "t", partition: 0, offset: "-1" });
  // Where the end is has been found.
  await lab.polled();
  await lab.append("t-0: d");
  await until(() => seen.length > 0);
  expect(seen).toEqual(["d@3"]);
  const bad = [{ offset: -3 }, { offset: "1.5" }, { timestamp: Number.NaN }, { offset: 2 ** 60 }];
  for (const each of bad)
    expect(() => consumer.seek({ topic: "t", partition: 0, ...each } as never)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }) as Error,
    );
  expect(() => consumer.seek({ topic: "other", partition: 0, offset: 0 })).toThrow(
    expect.objectContaining({ code: "UNKNOWN_TOPIC_OR_PARTITION" }) as Error,
  );
  await consumer.stop();
});

test("a pattern matches topics that are known and those that come later, whatever its flags", async () => {
  const lab = await withRecords("a");
  await lab.append("other-0: x");
  const consumer = await subscribed(lab.consumer(), /^T/gi);
  const seen: string[] = [];
  await consumer.run({ eachMessage: ({ topic, message }) => void seen.push(`${topic} ${inWords(message)}`) });
  await until(() => seen.length === 1);
  await lab.append("trees-0: oak");
  lab.news.publish({ type: "learned" });
  await until(() => seen.length === 2);
  expect(seen).toEqual(["t a@0", "trees oak@0"]);
  await consumer.stop();
});

test("events say what KafkaJS's say, flat and under payload", async () => {
  const lab = await withRecords("a", "b");
  // No poll is over before the group has told.
  const consumer = await subscribed(lab.consumer({ groupId: "g", maxWaitTimeInMs: 60_000 }));
  const told: [string, object][] = [];
  for (const name of Object.values(consumer.events))
    consumer.on(name, ({ type, payload }) => told.push([type, payload]));
  await consumer.connect();
  await consumer.run({ eachBatch: () => {} });
  await until(() => told.some(([type]) => type === "consumer.commit_offsets"));
  await consumer.disconnect();
  const order = told.map(([type]) => type.slice("consumer.".length));
  expect(order.slice(0, 2)).toEqual(["connect", "fetch_start"]);
  // The group may tell before the first records are here.
  expect(order.slice(2, 5).toSorted()).toEqual(["fetch", "group_join", "partitions_assigned"]);
  expect(order.slice(-3)).toEqual(["partitions_revoked", "stop", "disconnect"]);
  const of = (name: string): object | undefined => told.find(([type]) => type === `consumer.${name}`)?.[1];
  expect(of("group_join")).toEqual({
    groupId: "g",
    memberId: expect.stringMatching(/^tab-[0-9a-z]{9}-[0-9a-f]{16}$/) as string,
    memberAssignment: { t: [0] },
    groupProtocol: "sticky",
    duration: expect.any(Number) as number,
  });
  const batch = {
    topic: "t",
    partition: 0,
    highWatermark: 2,
    offsetLag: 0,
    batchSize: 2,
    firstOffset: 0,
    lastOffset: 1,
  };
  expect(of("start_batch_process")).toEqual(batch);
  expect(of("end_batch_process")).toEqual({ ...batch, duration: expect.any(Number) as number });
  expect(of("commit_offsets")).toMatchObject({
    groupId: "g",
    topics: [{ topic: "t", partitions: [{ partition: 0, offset: 2 }] }],
  });
});

test("a group's turn that goes to another tab is told, and its return, with what was committed meanwhile", async () => {
  const lab = await withRecords("a", "b");
  const consumer = await subscribed(lab.consumer({ groupId: "g" }));
  const told: string[] = [];
  const seen: string[] = [];
  consumer.on("group_join", () => told.push("join"));
  consumer.on("rebalancing", () => told.push("left"));
  await consumer.run({ eachMessage: ({ message }) => void seen.push(inWords(message)) });
  await until(() => seen.length === 2);
  const turn = Promise.withResolvers<void>();
  const ref = await lab.tab.ref("t-0");
  const other = lab.locks.request(`strandline:lab:group:g:${ref.topicKey}/0`, { steal: true }, async () => {
    await lab.append("t-0: c d");
    await lab.tab.log.replica.commit("g", [{ ref, offset: 3 as Offset }]);
    await turn.promise;
  });
  await until(() => told.length === 2);
  turn.resolve();
  await other;
  await until(() => seen.length === 3);
  expect(told).toEqual(["join", "left", "join"]);
  expect(seen).toEqual(["a@0", "b@1", "d@3"]);
  await consumer.stop();
});

test("a commit that comes after the turn was lost is no crash: the record is the other tab's", async () => {
  const lab = await withRecords("a", "b");
  const consumer = await subscribed(lab.consumer({ groupId: "g" }));
  const told: string[] = [];
  const seen: string[] = [];
  const turn = Promise.withResolvers<void>();
  const ref = await lab.tab.ref("t-0");
  let other: Promise<void> | null = null;
  consumer.on("crash", () => told.push("crash"));
  consumer.on("rebalancing", () => told.push("left"));
  await consumer.run({
    autoCommitThreshold: 1,
    eachMessage: async ({ message }) => {
      seen.push(inWords(message));
      const begun = Promise.withResolvers<void>();
      other ??= lab.locks.request(`strandline:lab:group:g:${ref.topicKey}/0`, { steal: true }, async () => {
        await lab.tab.log.replica.beginTurns("g", [ref]);
        begun.resolve();
        await turn.promise;
      });
      if (seen.length === 1) await begun.promise;
    },
  });
  await until(() => told.length === 1);
  expect(seen).toEqual(["a@0"]);
  turn.resolve();
  await until(() => seen.length === 3);
  expect(seen).toEqual(["a@0", "a@0", "b@1"]);
  expect(told).toEqual(["left"]);
  await consumer.stop();
});

test("a handler's payload can be taken apart and copied; tx begins with its first use, and needs a group", async () => {
  for (const groupId of ["g", undefined]) {
    const lab = await withRecords("a");
    const consumer = await subscribed(lab.consumer(groupId === undefined ? {} : { groupId }));
    const crashes: unknown[] = [];
    consumer.on("crash", ({ error }) => crashes.push(error));
    let taken: unknown[] = [];
    await consumer.run({
      eachMessage(payload) {
        const { message, ...rest } = payload;
        const copy = { ...payload };
        taken = [message.text(), Object.keys(rest).toSorted(), copy.tx === rest.tx];
        if (groupId === undefined && crashes.length === 0) copy.tx.state.put("k", 1);
      },
    });
    await until(() => taken.length > 0);
    expect(taken).toEqual(["a", ["heartbeat", "isStale", "partition", "pause", "topic", "tx"], true]);
    if (groupId === undefined) await until(() => crashes.length > 0);
    expect(crashes).toMatchObject(groupId === undefined ? [{ code: "INVALID_ARGUMENT" }] : []);
    await consumer.stop();
  }
});
