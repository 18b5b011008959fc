/**
 * With isolation `local`, over topics that are not known at first, records that the edge refuses and workers that die: what is
 * committed is handled once, what is refused at most once, in the order in which each key was sent.
 */
import { expect, test } from "vitest";
import { systemClock } from "../../../client/web-ports.ts";
import { ConsumerLab, until } from "./consumer-lab.ts";
import { fetched } from "./fetched.ts";

const STEPS = 40;
const HAPPENED = { failures: 0, kills: 0, pending: 0, committed: 0, refused: 0, moved: 0 };

function dice(seed: number): (below: number) => number {
  let state = seed * 7_919;
  return (below) => (state = (state * 48_271) % 2_147_483_647) % below;
}

test.each(Array.from({ length: 30 }, (_, index) => index + 1))("seed %i", async (seed) => {
  const random = dice(seed);
  const lab = await ConsumerLab.open();
  const handled: string[] = [];
  const consumer = lab.consumer({ isolation: "local", maxBytes: 100 + random(300), maxWaitTimeInMs: 5 });
  const mine: string[] = [];
  const theirs: string[] = [];
  const refused = new Set<string>();
  const waiting: string[][] = [];
  let known = false;
  let end = 0;
  const append = async (): Promise<void> => {
    const values = Array.from({ length: 1 + random(3) }, (_, index) => `own${mine.length + index}`);
    mine.push(...values);
    waiting.push(values);
    await lab.append(`${known ? "orders-0" : "orders"}: ${values.map((value) => `k=${value}`).join(" ")}`);
  };
  const learn = async (): Promise<void> => {
    await lab.learn("orders", 1);
    await lab.tab.log.catalog.follow((await lab.tab.ref("orders-0")).topicKey);
    known = true;
    HAPPENED.moved += waiting.length;
    // What waited for its partition is in one batch there, or in several.
    const ref = await lab.tab.ref("orders-0");
    const moved = await lab.tab.log.outbox.read(ref, 0 as never, { bytesMax: 1e9, countMax: 1e6 });
    const values = waiting.splice(0).flat();
    for (const { count } of moved) waiting.push(values.splice(0, count));
  };
  const settleOne = async (): Promise<void> => {
    const values = waiting.shift();
    if (values === undefined) return;
    if (random(3) === 0) {
      for (const value of values) refused.add(value);
      HAPPENED.refused += 1;
      await lab.tab.refuseFirst("orders-0");
      lab.news.publish({ type: "settled", refs: [await lab.tab.ref("orders-0")] });
      return;
    }
    await lab.commit("orders-0", values.length, end);
    end += values.length;
  };
  // Known to the log as one of the edge's, as it is where there is an edge.
  await append();
  await consumer.subscribe({ topic: "orders", fromBeginning: true });
  await consumer.run({
    async eachMessage({ message }) {
      const fate = random(12);
      if (fate === 0) await systemClock.sleep(2);
      if (fate === 1) {
        HAPPENED.failures += 1;
        throw new Error("planned");
      }
      handled.push(message.text() ?? "");
      HAPPENED[message.pending ? "pending" : "committed"] += 1;
    },
  });
  for (let step = 0; step < STEPS; step += 1) {
    const what = random(6);
    if (step === 8) await learn();
    if (what <= 1) await append();
    else if (what === 2 && known) await settleOne();
    else if (what === 3 && known) {
      theirs.push(`theirs${theirs.length}`);
      await fetched(lab, end, theirs.at(-1) ?? "");
      end += 1;
    } else if (what === 4 && random(3) === 0) {
      HAPPENED.kills += 1;
      lab.kill();
    } else await systemClock.sleep(random(3));
  }
  const missing = (): string[] =>
    [...mine, ...theirs].filter((value) => !refused.has(value) && !handled.includes(value));
  await until(() => missing().length === 0);
  await systemClock.sleep(15);
  await consumer.stop();
  expect(new Set(handled).size, handled.join(" ")).toBe(handled.length);
  const own = handled.filter((value) => value.startsWith("own"));
  expect(own).toEqual(mine.filter((value) => own.includes(value)));
  expect(handled.filter((value) => value.startsWith("theirs"))).toEqual(theirs);
});

test("and all of it has happened", () => {
  expect(Math.min(...Object.values(HAPPENED)), JSON.stringify(HAPPENED)).toBeGreaterThan(10);
});
