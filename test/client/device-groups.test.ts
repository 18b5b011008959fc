/** What the admin says of groups of a device, over a device in memory. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { Strandline } from "../../client/http.ts";

let client: Strandline;
let admin: ReturnType<Strandline["admin"]>;
beforeEach(async () => {
  client = new Strandline();
  admin = client.admin();
  await admin.createTopics({ topics: [{ topic: "t", numPartitions: 2 }] });
  await admin.createTopics({ topics: [{ topic: "other", numPartitions: 1 }] });
  const messages = [10, 20, 30, 40].map((timestamp) => ({ value: `${timestamp}`, partition: 1, timestamp }));
  await client.producer().send({ topic: "t", messages, acks: -1 });
});
afterEach(async () => await client.close({ flush: false }));

const set = async (offset: number, partition = 1): Promise<void> =>
  await admin.setOffsets({ groupId: "g", topic: "t", partitions: [{ partition, offset }] });

async function offsets(): Promise<number[] | undefined> {
  return (await admin.fetchOffsets({ groupId: "g", topics: ["t"] }))[0]?.partitions.map(({ offset }) => offset);
}

test("groups are listed once they have committed; the edge is asked for the others", async () => {
  expect(await admin.listGroups()).toEqual({ groups: [] });
  await set(1);
  expect(await admin.listGroups()).toEqual({ groups: [{ groupId: "g", protocolType: "consumer" }] });
  for (const call of [
    () => admin.describeGroups(["g"]),
    () => admin.deleteGroups(["g"]),
    () => client.consumer({ groupId: "g" }).describeGroup(),
    () => client.consumer({ groupId: "g", coordinator: "edge" }).describeGroup(),
    () => admin.listGroups({ coordinator: "edge" }),
    () => admin.lag("g", { coordinator: "edge" }),
    () => admin.fetchOffsets({ groupId: "g", coordinator: "edge" }),
    () => admin.resetOffsets({ groupId: "g", topic: "t", coordinator: "edge" }),
  ])
    await expect(call()).rejects.toMatchObject({ code: "UNSUPPORTED_OPERATION" });
  for (const call of [
    () => admin.listGroups({ coordinator: "broker" as "edge" }),
    () => admin.lag("g", { coordinator: null as never }),
    () => client.consumer().describeGroup(),
    () => admin.lag(""),
    () => admin.describeGroups([""], { coordinator: "edge" }),
    () => admin.resetOffsets({ groupId: "g", to: "newest" as "latest", topics: ["t"] }),
    () => admin.resetOffsets({ groupId: "g", to: { shift: 0.5 }, topics: ["t"] }),
    () => admin.resetOffsets({ groupId: "g" } as never),
    () => admin.resetOffsets({ groupId: "g", topic: "t", earliest: true, dryrun: true } as never),
    () => admin.resetOffsets({ groupId: "nobody", to: "newest" as "latest" }),
    () => admin.describeGroups("g" as never, { coordinator: "edge" }),
    () => admin.deleteGroups("g" as never, { coordinator: "edge" }),
    () => admin.setOffsets({ groupId: "g", topic: "t" } as never),
    () => admin.setOffsets({ groupId: "g", topic: "t", partitions: [{ partition: 0, offset: "-2" }] }),
  ])
    await expect(call()).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});

test("the lag of a group is told by the device's own log", async () => {
  await expect(admin.lag("g")).rejects.toMatchObject({ code: "GROUP_ID_NOT_FOUND", details: { groupId: "g" } });
  await set(1);
  const before = Date.now();
  const lag = await admin.lag("g");
  const none = { rate: null, memberId: null, error: null, topic: "t", topicId: null, logStartOffset: 0 };
  expect(lag).toMatchObject({ groupId: "g", status: null, lag: 3 });
  expect(lag.partitions).toEqual([
    { ...none, partition: 0, logEndOffset: 0, committed: null, lag: 0, timeLagMs: 0, status: "OK" },
    { ...none, partition: 1, logEndOffset: 4, committed: 1, lag: 3, timeLagMs: lag.timeLagMs, status: null },
  ]);
  // The record at offset 1 says that it is of the time 20.
  expect(lag.timeLagMs).toBeGreaterThanOrEqual(before - 20);
  expect(lag.timeLagMs).toBeLessThanOrEqual(Date.now() - 20);
  await admin.deleteTopicRecords({ topic: "t", partitions: [{ partition: 1, offset: 3 }] });
  expect(await admin.lag("g")).toMatchObject({ lag: 1, partitions: [{}, { logStartOffset: 3, committed: 1, lag: 1 }] });
  await set(4);
  expect(await admin.lag("g")).toMatchObject({ status: "OK", lag: 0, timeLagMs: 0 });
});

test("a consumer that goes on makes the lag less", async () => {
  const consumer = client.consumer({ groupId: "g" });
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  const enough = Promise.withResolvers<void>();
  await consumer.run({
    eachMessage: ({ message }) => {
      if (message.offset === 3) enough.resolve();
    },
  });
  await enough.promise;
  await expect(set(0)).rejects.toMatchObject({ code: "NON_EMPTY_GROUP" });
  await consumer.disconnect();
  expect(await admin.lag("g")).toMatchObject({ status: "OK", lag: 0 });
});

test("a reset goes where it is told to, and tells it before", async () => {
  await set(2);
  const reset = async (to: Parameters<typeof admin.resetOffsets>[0]["to"], dryRun = true): Promise<unknown[]> =>
    (await admin.resetOffsets({ groupId: "g", topics: ["t"], to: to ?? "latest", dryRun })).map((one) => one.to);
  expect(await reset("earliest")).toEqual([0, 0]);
  expect(await reset("latest")).toEqual([0, 4]);
  expect(await reset({ timestamp: 25 })).toEqual([0, 2]);
  expect(await reset({ timestamp: 99 })).toEqual([0, 4]);
  expect(await reset({ shift: -9 })).toEqual([null, 0]);
  expect(await reset({ shift: 9 })).toEqual([null, 4]);
  expect(await admin.resetOffsets({ groupId: "g", topic: "t", earliest: true, dryRun: true })).toEqual([
    { topic: "t", partition: 0, from: null, to: 0, error: null },
    { topic: "t", partition: 1, from: 2, to: 0, error: null },
  ]);
  expect(await offsets()).toEqual([-1, 2]);
  expect(await reset({ timestamp: 25 }, false)).toEqual([0, 2]);
  expect(await offsets()).toEqual([0, 2]);
  // Without topics: those in which it has offsets.
  expect((await admin.resetOffsets({ groupId: "g", to: { shift: 1 } })).map((one) => one.to)).toEqual([0, 3]);
  expect(await offsets()).toEqual([0, 3]);
  const exact = (offset: number | null, partition = 1) => ({ offsets: [{ topic: "t", partition, offset }] });
  expect(await admin.resetOffsets({ groupId: "g", to: exact(1) })).toMatchObject([{ partition: 1, from: 3, to: 1 }]);
  expect(await offsets()).toEqual([0, 1]);
  await expect(admin.resetOffsets({ groupId: "g", to: exact(0, 2) })).rejects.toMatchObject({
    ...{ code: "UNKNOWN_TOPIC_OR_PARTITION", details: { topic: "t", partition: 2, partitionCount: 2 } },
  });
  await expect(admin.resetOffsets({ groupId: "g", to: { timestamp: -1 } })).rejects.toMatchObject({
    code: "INVALID_TIMESTAMP",
  });
});

test("what some partitions refuse is told of each, and the others are reset", async () => {
  await set(2);
  const offsetsTo = [
    { topic: "t", partition: 1, offset: 9 },
    { topic: "t", partition: 0, offset: 0 },
    { topic: "other", partition: 0, offset: null },
  ];
  await expect(admin.resetOffsets({ groupId: "g", to: { offsets: offsetsTo } })).rejects.toMatchObject({
    ...{ code: "OFFSET_OUT_OF_RANGE", details: { topic: "t", partition: 1, highWatermark: 4 } },
    offsets: [
      { topic: "t", partition: 1, from: 2, to: null, error: { code: "OFFSET_OUT_OF_RANGE" } },
      { topic: "t", partition: 0, from: null, to: 0, error: null },
      { topic: "other", partition: 0, to: null, error: { code: "UNSUPPORTED_OPERATION" } },
    ],
  });
  expect(await offsets()).toEqual([0, 2]);
});

test("offsets that are none are resolved to where a consumer begins", async () => {
  await set(2);
  const fetched = await admin.fetchOffsets({ groupId: "g", topics: ["t"], resolveOffsets: true });
  expect(fetched[0]?.partitions.map(({ offset }) => offset)).toEqual([0, 2]);
  const nobody = await admin.fetchOffsets({ groupId: "nobody", topics: ["t"], resolveOffsets: true });
  expect(nobody[0]?.partitions.map(({ offset }) => offset)).toEqual([0, 4]);
});
