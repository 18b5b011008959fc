/** `isolation: "local"` and a chunked value of which the edge holds some chunks, and the device the rest. */
import { expect, test } from "vitest";
import type { ReceivedMessage } from "../../../client/page/received-message.ts";
import type { Partition } from "../../../shared/brands.ts";
import { SeededRandom } from "../../sim/seeded-random.ts";
import { chunksOf } from "./chunked-log.ts";
import { ConsumerLab, until } from "./consumer-lab.ts";

const CHUNKS = 4;

async function halfSynced(synced: number) {
  const lab = await ConsumerLab.open();
  await lab.learn("orders", 1);
  await lab.tab.log.catalog.follow((await lab.tab.ref("orders-0")).topicKey);
  const chunks = chunksOf("a large value", new SeededRandom(3), CHUNKS);
  const appends = chunks.map((batch) => ({ topic: "orders", partition: 0 as Partition, batch }));
  for (const append of appends) await lab.tab.log.localLog.append([append]);
  if (synced > 0) await lab.commit("orders-0", synced, 0);
  await lab.append("orders-0: behind");
  const seen: string[] = [];
  const broken: unknown[] = [];
  const consumer = lab.consumer({ isolation: "local" });
  consumer.on("corrupt", (told) => broken.push(told));
  await consumer.subscribe({ topic: "orders", fromBeginning: true });
  const eachMessage = ({ message }: { readonly message: ReceivedMessage }): void => {
    seen.push(`${message.text()} ${message.pending ? "~" : "@"}`);
  };
  await consumer.run({ eachMessage });
  return { lab, consumer, seen, broken };
}

for (let synced = 0; synced <= CHUNKS; synced += 1)
  test(`${synced} of ${CHUNKS} chunks at the edge: it is seen once, whole, and none calls it broken`, async () => {
    const { lab, consumer, seen, broken } = await halfSynced(synced);
    await until(() => seen.includes("behind ~"));
    await lab.commit("orders-0", CHUNKS + 1 - synced, synced);
    await lab.append("orders-0: last");
    await until(() => seen.includes("last ~"));
    expect(seen.filter((one) => one.startsWith("a large value"))).toHaveLength(1);
    expect(seen.filter((one) => one.startsWith("behind"))).toHaveLength(1);
    expect(broken).toEqual([]);
    await consumer.stop();
  });
