/** The admin of a device that is its own broker. */
import { expect, test } from "vitest";
import { freshDatabase, openClient, take } from "./client-fixture.ts";

function world() {
  const database = freshDatabase();
  const client = openClient({ database });
  return { database, client, admin: client.admin(), producer: client.producer() };
}

test("topics are made, listed, described, grown and deleted", async () => {
  const { admin, client, producer } = world();
  const topics = [{ topic: "b", numPartitions: 2 }, { topic: "a" }];
  expect(await admin.createTopics({ topics, validateOnly: true })).toBe(true);
  expect(await admin.listTopics()).toEqual([]);
  expect(await admin.createTopics({ topics, waitForLeaders: true })).toBe(true);
  expect(await admin.createTopics({ topics })).toBe(false);
  expect(await admin.createTopics({ topics, validateOnly: true })).toBe(false);
  expect(await admin.listTopics()).toEqual(["a", "b"]);
  const described = await admin.fetchTopicMetadata({ topics: ["b"] });
  expect(described.topics.map(({ name, topicId, partitions }) => [name, topicId, partitions.length])).toEqual([
    ["b", null, 2],
  ]);
  await expect(admin.fetchTopicMetadata({ topics: ["c"] })).rejects.toMatchObject({
    code: "UNKNOWN_TOPIC_OR_PARTITION",
    details: { topic: "c" },
  });

  const grow = { topicPartitions: [{ topic: "b", count: 3 }] };
  expect(await admin.createPartitions({ ...grow, validateOnly: true })).toBe(true);
  expect((await admin.fetchTopicOffsets("b")).length).toBe(2);
  expect(await admin.createPartitions(grow)).toBe(true);
  expect(await admin.createPartitions(grow)).toBe(false);
  await expect(admin.createPartitions({ topicPartitions: [{ topic: "b", count: 2 }] })).rejects.toMatchObject({
    code: "INVALID_PARTITIONS",
  });
  await producer.send({ topic: "b", messages: [{ value: "in the new one", partition: 2 }] });
  expect(await admin.fetchTopicOffsets("b")).toEqual([
    { partition: 0, offset: 0, low: 0, high: 0 },
    { partition: 1, offset: 0, low: 0, high: 0 },
    { partition: 2, offset: 1, low: 0, high: 1 },
  ]);

  await admin.deleteTopics({ topics: ["b"] });
  expect(await admin.listTopics()).toEqual(["a"]);
  await expect(admin.deleteTopics({ topics: ["never"] })).rejects.toMatchObject({ code: "UNKNOWN_TOPIC_OR_PARTITION" });
  expect(await admin.listTopics()).not.toContain("never");
  await admin.createTopics({ topics: [{ topic: "b", numPartitions: 1 }] });
  const consumer = client.consumer();
  await consumer.subscribe({ topic: "b", fromBeginning: true });
  await producer.send({ topic: "b", messages: [{ value: "of the new one" }] });
  expect((await take(consumer, 1)).map((message) => [message.offset, message.text()])).toEqual([[0, "of the new one"]]);
});

test("offsets are told by time, and records deleted up to one", async () => {
  const { admin, client, producer } = world();
  const messages = [10, 20, 30, 40].map((timestamp) => ({ value: String(timestamp), partition: 0, timestamp }));
  await admin.createTopics({ topics: [{ topic: "t", numPartitions: 1 }] });
  for (const message of messages.slice(0, 2)) await producer.send({ topic: "t", messages: [message] });
  await producer.send({ topic: "t", messages: messages.slice(2), compression: "gzip" });
  const at = async (timestamp?: number) => (await admin.fetchTopicOffsetsByTimestamp("t", timestamp))[0]?.offset;
  expect([await at(0), await at(20), await at(21), await at(40), await at(41), await at()]).toEqual([0, 1, 2, 3, 4, 4]);
  await expect(at(-1)).rejects.toMatchObject({ code: "INVALID_TIMESTAMP" });

  const below = (offset: number) => ({ topic: "t", partitions: [{ partition: 0, offset }] });
  await admin.deleteTopicRecords(below(3));
  expect(await admin.fetchTopicOffsets("t")).toEqual([{ partition: 0, offset: 4, low: 3, high: 4 }]);
  expect(await at(0)).toBe(3);
  const consumer = client.consumer();
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  expect((await take(consumer, 1)).map((message) => message.text())).toEqual(["40"]);
  await expect(admin.deleteTopicRecords(below(5))).rejects.toMatchObject({ code: "OFFSET_OUT_OF_RANGE" });
  await admin.deleteTopicRecords(below(-1));
  expect(await admin.fetchTopicOffsets("t")).toEqual([{ partition: 0, offset: 4, low: 4, high: 4 }]);
  await producer.send({ topic: "t", messages: [{ value: "next", partition: 0 }] });
  expect((await admin.fetchTopicOffsets("t"))[0]).toMatchObject({ low: 4, high: 5 });
});

test("a group's offsets are told, set and reset while none of its consumers runs, in any tab", async () => {
  const { admin, client, database, producer } = world();
  await admin.createTopics({ topics: [{ topic: "t", numPartitions: 2 }] });
  await producer.send({ topic: "t", messages: ["a", "b", "c"].map((value) => ({ value, partition: 1 })) });
  expect(await admin.fetchOffsets({ groupId: "g" })).toEqual([]);
  expect(await admin.fetchOffsets({ groupId: "g", topics: ["t"] })).toEqual([
    {
      topic: "t",
      partitions: [
        { partition: 0, offset: -1, metadata: null },
        { partition: 1, offset: -1, metadata: null },
      ],
    },
  ]);
  const other = openClient({ database });
  const consumer = other.consumer({ groupId: "g" });
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  await take(consumer, 3);
  const set = { groupId: "g", topic: "t", partitions: [{ partition: 1, offset: 1 }] };
  await expect(admin.setOffsets(set)).rejects.toMatchObject({ code: "NON_EMPTY_GROUP", details: { groupId: "g" } });
  await consumer.disconnect();
  const offsets = async () => (await admin.fetchOffsets({ groupId: "g" }))[0]?.partitions.map(({ offset }) => offset);
  expect((await offsets())?.[1]).toBe(3);
  await admin.setOffsets(set);
  expect((await offsets())?.[1]).toBe(1);
  const again = client.consumer({ groupId: "g" });
  await again.subscribe({ topic: "t" });
  expect((await take(again, 2)).map((message) => message.text())).toEqual(["b", "c"]);
  await again.disconnect();
  await admin.resetOffsets({ groupId: "g", topic: "t", earliest: true });
  expect(await offsets()).toEqual([0, 0]);
  await admin.resetOffsets({ groupId: "g", topic: "t" });
  expect(await offsets()).toEqual([0, 3]);
  const partitions = [{ partition: 2, offset: 0 }];
  await expect(admin.setOffsets({ groupId: "g", topic: "t", partitions })).rejects.toMatchObject({
    code: "UNKNOWN_TOPIC_OR_PARTITION",
    details: { partition: 2, partitionCount: 2 },
  });
});

test("what needs an edge says so, and what is not legal is named", async () => {
  const { admin } = world();
  await admin.createTopics({ topics: [{ topic: "t" }] });
  expect(await admin.describeCluster()).toEqual({ brokers: [], controller: null, clusterId: "default" });
  expect((await admin.describeConfigs({ resources: [{ type: 2, name: "t" }] })).resources[0]?.configEntries).toEqual(
    [],
  );
  const unsupported = [
    () => admin.describeAcls({}),
    () => admin.alterConfigs({ resources: [{ type: 2, name: "t", configEntries: [] }] }),
    () => admin.listGroups({ coordinator: "edge" }),
    () => admin.describeGroups(["g"]),
    () => admin.deleteGroups(["g"]),
    () => admin.describeConfigs({ resources: [{ type: 4 as 2, name: "0" }] }),
  ];
  for (const call of unsupported) await expect(call()).rejects.toMatchObject({ code: "UNSUPPORTED_OPERATION" });
  await expect(admin.createTopics({ topics: [{ topic: "no/name" }] })).rejects.toMatchObject({
    code: "INVALID_TOPIC_EXCEPTION",
  });
  await expect(admin.createTopics({ topics: [{ topic: "n", numPartitions: 0 }] })).rejects.toMatchObject({
    code: "INVALID_PARTITIONS",
  });
  await expect(admin.listTopics({ timeout: -1 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  const reason = new Error("enough");
  const aborted = { code: "ABORTED", cause: reason };
  await expect(admin.listTopics({ signal: AbortSignal.abort(reason) })).rejects.toMatchObject(aborted);
  const aborter = new AbortController();
  const listing = admin.listTopics({ signal: aborter.signal });
  aborter.abort(reason);
  await expect(listing).rejects.toMatchObject(aborted);
});
