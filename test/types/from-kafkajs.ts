/**
 * A program in KafkaJS's shape, which has to compile as it is here. What differs from KafkaJS: bytes are `Uint8Array`
 * (`message.text()` where KafkaJS's users write `message.value.toString()`), offsets and timestamps are numbers, there
 * is an edge's `url` for `brokers`, producers have no transactions, ACLs are in words (`"READ"`) where KafkaJS has numbers, `alterConfigs` changes what it names and leaves
 * the rest, and groups at the edge are asked for with `coordinator: "edge"`. Never run.
 */
import { logLevel, Strandline } from "../../client/index.ts";

const kafka = new Strandline({
  clientId: "till",
  url: "https://edge.example",
  logLevel: logLevel.INFO,
  logCreator: () => (entry) => void entry,
  retry: { initialRetryTime: 100, maxRetryTime: 10_000 },
});

export async function produce(): Promise<void> {
  const producer = kafka.producer({
    createPartitioner: () => (places) => (places.message.key === "first" ? 0 : 1),
    idempotent: true,
  });
  await producer.connect();
  producer.on("disconnect", () => {});
  const [sent] = await producer.send({
    topic: "orders",
    acks: -1,
    timeout: 30_000,
    messages: [
      { key: "k", value: "text", headers: { trace: "1", many: ["2", "3"] } },
      { key: null, value: JSON.stringify({ item: "pear" }), partition: 0, timestamp: "1700000000000" },
      { value: null },
    ],
  });
  if (sent !== undefined && sent.errorCode === 0) void [sent.topicName, sent.partition, sent.baseOffset];
  const topicMessages = [
    { topic: "orders", messages: [{ key: "k", value: "text" }] },
    { topic: "payments", messages: [{ key: "k", value: "text" }] },
  ];
  await producer.sendBatch({ topicMessages, acks: 1 });
  await producer.disconnect();
}

export async function consume(): Promise<void> {
  const consumer = kafka.consumer({ groupId: "till" });
  await consumer.connect();
  consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => void [error, restart]);
  await consumer.subscribe({ topics: ["orders", "payments"], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    partitionsConsumedConcurrently: 3,
    eachMessage: async ({ topic, partition, message, heartbeat, pause }) => {
      const resume = pause();
      void [message.key, message.value, message.headers["trace"], message.timestamp, message.attributes, resume];
      await heartbeat();
      await consumer.commitOffsets([{ topic, partition, offset: message.offset + 1 }]);
    },
  });
  const { state, members, protocol } = await consumer.describeGroup();
  void [state, members[0]?.memberId, protocol];
  consumer.seek({ topic: "orders", partition: 0, offset: "12" });
  consumer.pause([{ topic: "orders", partitions: [0] }]);
  const paused: readonly { readonly topic: string; readonly partitions?: readonly number[] }[] = consumer.paused();
  consumer.resume([{ topic: "orders" }, ...paused]);
  await consumer.stop();
  await consumer.disconnect();
}

export async function inBatches(): Promise<void> {
  const consumer = kafka.consumer({ groupId: "till" });
  await consumer.subscribe({ topic: "orders" });
  await consumer.run({
    eachBatchAutoResolve: false,
    eachBatch: async ({
      batch,
      resolveOffset,
      heartbeat,
      commitOffsetsIfNecessary,
      uncommittedOffsets,
      isRunning,
      isStale,
      pause,
    }) => {
      for (const message of batch.messages) {
        if (!isRunning() || isStale()) break;
        resolveOffset(message.offset);
        await heartbeat();
      }
      await commitOffsetsIfNecessary();
      void [batch.isEmpty(), batch.firstOffset(), batch.lastOffset(), batch.offsetLag(), uncommittedOffsets(), pause];
    },
  });
}

export async function administer(): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  const created: boolean = await admin.createTopics({
    waitForLeaders: true,
    timeout: 5_000,
    topics: [
      {
        topic: "orders",
        numPartitions: 3,
        replicationFactor: 1,
        configEntries: [{ name: "cleanup.policy", value: "compact" }],
      },
    ],
  });
  await admin.createPartitions({ topicPartitions: [{ topic: "orders", count: 6 }] });
  const { topics } = await admin.fetchTopicMetadata({ topics: ["orders"] });
  for (const { name, partitions } of topics)
    for (const { partitionId, leader } of partitions) void [name, partitionId, leader];
  for (const { partition, offset, high, low } of await admin.fetchTopicOffsets("orders"))
    void [partition, offset, high, low];
  await admin.fetchTopicOffsetsByTimestamp("orders", 1_700_000_000_000);
  const fetched = await admin.fetchOffsets({ groupId: "till", topics: ["orders"], resolveOffsets: true });
  for (const { topic, partitions } of fetched)
    for (const { partition, offset, metadata } of partitions) void [topic, partition, offset, metadata];
  const { groups } = await admin.listGroups();
  const described = await admin.describeGroups(
    groups.map(({ groupId }) => groupId),
    { coordinator: "edge" },
  );
  for (const { groupId, protocol, protocolType, state, errorCode, members } of described.groups)
    for (const { memberId, clientId } of members)
      void [groupId, protocol, protocolType, state, errorCode, memberId, clientId];
  for (const { groupId, errorCode } of await admin.deleteGroups(["till"], { coordinator: "edge" }))
    void [groupId, errorCode];
  await admin.setOffsets({ groupId: "till", topic: "orders", partitions: [{ partition: 0, offset: 35 }] });
  await admin.resetOffsets({ groupId: "till", topic: "orders", earliest: true });
  const { resources } = await admin.describeConfigs({
    resources: [{ type: 2, name: "orders", configNames: ["retention.ms"] }],
  });
  for (const { configEntries } of resources)
    for (const { configName, configValue } of configEntries) void [configName, configValue];
  const configEntries = [{ name: "retention.ms", value: "60000" }];
  await admin.alterConfigs({ resources: [{ type: 2, name: "orders", configEntries }] });
  await admin.deleteTopicRecords({ topic: "orders", partitions: [{ partition: 0, offset: 30 }] });
  const { brokers, controller, clusterId } = await admin.describeCluster();
  const acl = [
    {
      resourceType: "TOPIC",
      resourceName: "orders",
      resourcePatternType: "LITERAL",
      principal: "User:ada",
      host: "*",
      operation: "READ",
      permissionType: "ALLOW",
    },
  ] as const;
  await admin.createAcls({ acl });
  await admin.describeAcls({
    resourceType: "TOPIC",
    resourceName: "orders",
    resourcePatternType: "ANY",
    operation: "ANY",
  });
  await admin.deleteAcls({ filters: [{ resourceType: "TOPIC", principal: "User:ada" }] });
  await admin.deleteTopics({ topics: await admin.listTopics(), timeout: 5_000 });
  await admin.disconnect();
  void [created, brokers, controller, clusterId];
}
