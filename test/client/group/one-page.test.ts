/** Several consumers of one group in one page are members of their own, as KafkaJS's are. */
import { expect, test } from "vitest";
import { ConsumerLab, until } from "../consumer/consumer-lab.ts";

test("three consumers of a page share six partitions, and one that stops leaves its part to the others", async () => {
  const lab = await ConsumerLab.open({ localPartitionCount: 6 });
  for (let partition = 0; partition < 6; partition += 1) await lab.append(`t-${partition}: a b`);
  const seen: string[] = [];
  const shares = new Map<number, readonly number[]>();
  const consumers = [0, 1, 2].map((at) => {
    const consumer = lab.consumer({ groupId: "g" });
    consumer.on("group_join", ({ memberAssignment }) => void shares.set(at, memberAssignment["t"] ?? []));
    return consumer;
  });
  for (const [at, consumer] of consumers.entries()) {
    await consumer.subscribe({ topic: "t", fromBeginning: true });
    await consumer.run({
      eachMessage: ({ partition, message }) => void seen.push(`${at}: ${partition}@${message.offset}`),
    });
  }
  const sizes = (): number[] => Array.from(shares.values(), ({ length }) => length);
  await until(() => sizes().join() === "2,2,2");
  await until(() => seen.length >= 12);
  // Nobody was taken a partition from without a commit.
  expect(new Set(seen.map((each) => each.slice(3))).size).toBe(12);
  expect(seen).toHaveLength(12);
  await consumers[0]?.stop();
  shares.delete(0);
  await until(() => sizes().join() === "3,3");
  for (let partition = 0; partition < 6; partition += 1) await lab.append(`t-${partition}: c`);
  await until(() => seen.length >= 18);
  expect(new Set(seen.map((each) => each.slice(3))).size).toBe(18);
  expect(seen.slice(12).filter((each) => each.startsWith("0"))).toEqual([]);
  for (const consumer of consumers.slice(1)) await consumer.stop();
});
