/** Mistakes that the compiler has to find, each under `@ts-expect-error`. Never run. */
import { Strandline, type Admin, type Consumer, type Producer } from "../../client/index.ts";

export function options(): void {
  // @ts-expect-error misspelt
  void new Strandline({ ulr: "https://edge.example" });
  // @ts-expect-error a function is asked for
  void new Strandline({ auth: "token", principal: "ada" });
  // @ts-expect-error no such level
  void new Strandline({ logLevel: 3 });
  // @ts-expect-error KafkaJS's brokers: there is one edge
  void new Strandline({ brokers: ["localhost:9092"] });
  // @ts-expect-error misspelt
  void new Strandline({ retry: { initialRetry: 300 } });
  // @ts-expect-error a producer always is
  void new Strandline().producer({ idempotent: false });
  // @ts-expect-error misspelt
  void new Strandline().consumer({ groupID: "g" });
}

export async function sends(producer: Producer): Promise<void> {
  const messages = [{ value: "text" }];
  // @ts-expect-error no such level
  await producer.send({ topic: "t", messages, acks: 2 });
  // @ts-expect-error no such level
  await producer.send({ topic: "t", messages, acks: "most" });
  // @ts-expect-error gzip alone
  await producer.send({ topic: "t", messages, compression: "snappy" });
  // @ts-expect-error where to?
  await producer.send({ messages });
  // @ts-expect-error messages is a list
  await producer.send({ topic: "t", messages: { value: "text" } });
  // @ts-expect-error a message has a value, which may be null
  await producer.send({ topic: "t", messages: [{ key: "k" }] });
  // @ts-expect-error a value that cannot be stored
  await producer.send({ topic: "t", messages: [{ value: undefined }] });
  // @ts-expect-error a value that cannot be stored
  await producer.send({ topic: "t", messages: [{ value: Symbol("x") }] });
  // @ts-expect-error headers are texts or bytes
  await producer.send({ topic: "t", messages: [{ value: "text", headers: { count: 1 } }] });
  // @ts-expect-error of sendBatch
  await producer.send({ topicMessages: [{ topic: "t", messages }] });
  // @ts-expect-error of send
  await producer.sendBatch({ topic: "t", messages });
}

export async function reads(consumer: Consumer): Promise<void> {
  // @ts-expect-error one of the two
  await consumer.subscribe({ topic: "a", topics: ["b"] });
  // @ts-expect-error to what?
  await consumer.subscribe({ fromBeginning: true });
  // @ts-expect-error misspelt
  await consumer.subscribe({ topic: "a", fromStart: true });
  // @ts-expect-error one of the two
  await consumer.run({ eachMessage: () => {}, eachBatch: () => {} });
  // @ts-expect-error by whom?
  await consumer.run({ autoCommit: false });
  // @ts-expect-error misspelt
  await consumer.run({ eachMessage: () => {}, autocommit: false });
  // @ts-expect-error an offset is a number or its digits
  consumer.seek({ topic: "a", partition: 0, offset: 12n });
  // @ts-expect-error where to?
  consumer.seek({ topic: "a", partition: 0 });
  // @ts-expect-error one of the two
  consumer.seek({ topic: "a", partition: 0, offset: 12, timestamp: 0 });
  // @ts-expect-error no such event
  consumer.on("crashed", () => {});
  await consumer.run({
    eachMessage: ({ message }) => {
      // @ts-expect-error bytes, not a Buffer of Node
      message.value?.toString("utf8");
    },
  });
}

export async function administration(admin: Admin): Promise<void> {
  // @ts-expect-error misspelt
  await admin.createTopics({ topics: [{ topic: "t", partitions: 3 }] });
  // @ts-expect-error an offset is a number, or its digits
  await admin.setOffsets({ groupId: "g", topic: "t", partitions: [{ partition: 0, offset: true }] });
  // @ts-expect-error topics alone have configurations
  await admin.describeConfigs({ resources: [{ type: 4, name: "0" }] });
  // @ts-expect-error no such operation
  await admin.describeAcls({ operation: "LOOK" });
  // @ts-expect-error a group is of a device or of the edge
  await admin.listGroups({ coordinator: "broker" });
  // @ts-expect-error which topic is not said
  await admin.resetOffsets({ groupId: "g", earliest: true });
  // @ts-expect-error either KafkaJS's words, or where to
  await admin.resetOffsets({ groupId: "g", topic: "t", earliest: true, to: "latest" });
  // @ts-expect-error a time is milliseconds since 1970
  await admin.resetOffsets({ groupId: "g", to: { timestamp: new Date() } });
}
