/**
 * Random interleavings of appends, commits by the edge, records of others, failing handlers and dying workers: with
 * isolation `local` every record is handled once, this device's own in the order in which they were sent.
 */
import { expect, test } from "vitest";
import { systemClock } from "../../../client/web-ports.ts";
import { ConsumerLab, until } from "./consumer-lab.ts";
import { fetched } from "./fetched.ts";

const STEPS = 30;

async function runTrial(
  seed: number,
): Promise<{ failures: number; kills: number; pending: number; committed: number }> {
  let state = seed * 7_919;
  const random = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below;
  const lab = await ConsumerLab.open();
  await lab.learn("orders", 1);
  const ref = await lab.tab.ref("orders-0");
  await lab.tab.log.catalog.follow(ref.topicKey);
  const counts = { failures: 0, kills: 0, pending: 0, committed: 0 };
  const handled: string[] = [];
  const consumer = lab.consumer({ isolation: "local", maxBytes: 100 + random(300), maxWaitTimeInMs: 5 });
  await consumer.subscribe({ topic: "orders", fromBeginning: true });
  await consumer.run({
    async eachMessage({ message }) {
      const dice = random(12);
      if (dice === 0) await systemClock.sleep(2);
      if (dice === 1) {
        counts.failures += 1;
        throw new Error("planned");
      }
      handled.push(message.text() ?? "");
      counts[message.pending ? "pending" : "committed"] += 1;
    },
  });
  const mine: string[] = [];
  const theirs: string[] = [];
  let end = 0;
  for (let step = 0; step < STEPS; step += 1) {
    const dice = random(6);
    if (dice <= 1) {
      const values = Array.from({ length: 1 + random(3) }, () => `own${mine.length}.${random(1_000_000)}`);
      mine.push(...values);
      await lab.append(`orders-0: ${values.join(" ")}`);
    } else if (dice === 2) {
      const [batch] = await lab.tab.log.outbox.read(ref, 0 as never, { bytesMax: 1, countMax: 1 });
      if (batch !== undefined) await lab.commit("orders-0", batch.count, end);
      end += batch?.count ?? 0;
    } else if (dice === 3) {
      theirs.push(`theirs${theirs.length}`);
      await fetched(lab, end, theirs.at(-1) ?? "");
      end += 1;
    } else if (dice === 4 && random(3) === 0) {
      counts.kills += 1;
      lab.kill();
    } else await systemClock.sleep(random(3));
  }
  await until(() => handled.length >= mine.length + theirs.length);
  await systemClock.sleep(15);
  await consumer.stop();
  expect(
    handled.filter((value) => value.startsWith("own")),
    `seed ${seed}`,
  ).toEqual(mine);
  expect(
    handled.filter((value) => value.startsWith("theirs")),
    `seed ${seed}`,
  ).toEqual(theirs);
  return counts;
}

test("every record is handled once, pending or committed", async () => {
  const sum = { failures: 0, kills: 0, pending: 0, committed: 0 };
  for (let seed = 1; seed <= 30; seed += 1) {
    const counts = await runTrial(seed);
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += counts[name];
  }
  expect(Math.min(sum.failures, sum.kills, sum.pending, sum.committed)).toBeGreaterThan(10);
});
