import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readEdgeLog } from "../demo/edge-log.ts";
import { seeded } from "../harness/seeded.ts";
import { delivery } from "./delivery.ts";
import { DeviceLab } from "./device-lab.ts";

const TOPIC = "kills";
const PARTITIONS = 3;
const ROUNDS = 12;

let lab: DeviceLab;
beforeEach(async () => {
  lab = await DeviceLab.open();
  await lab.createTopic(TOPIC, PARTITIONS);
});
afterEach(async () => await lab.close());

test("R11 every record acked on the device ends once, whatever is killed and whenever", async () => {
  const random = seeded(20_261_121);
  let unansweredAtKill = 0;
  let kills = 0;
  const beganEmpty: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    lab.proxy.restore();
    // Some answers pass, then none: at the kill requests are carried out that nobody has heard of.
    const heldAfter = Math.floor(random() * 4);
    lab.proxy.holdAnswers((answer, ordinal) => answer.path === "/v1/produce" && ordinal > heldAfter);
    const browser = await lab.launch("device");
    await browser.page.evaluate((topic, name) => window.profile.appendForEver(topic, name), TOPIC, `round-${round}`);
    await sleep(40 + random() * 160);
    await browser.page.evaluate(() => window.profile.killWorker());
    await sleep(40 + random() * 160);
    unansweredAtKill += lab.proxy.held().length;
    await lab.kill(browser);
    if (lab.beganEmpty("device")) beganEmpty.push(round);
    kills += 2;
    lab.proxy.cut();
  }
  lab.proxy.restore();
  lab.proxy.releaseAnswers();
  const browser = await lab.launch("device");
  await browser.page.evaluate(async () => await window.profile.drained());
  const dead = await browser.page.evaluate(async () => await window.profile.dead());
  const { records, ends } = await readEdgeLog(lab.broker.url, TOPIC, PARTITIONS);

  // What is lost is lost for a reason, and which rounds it was of is the first thing to know of it.
  const read = byRound(records.map(({ value }) => value));
  const told = `acked ${byRound(lab.acked)}; read ${read}; dead ${byRound(dead)}; ends ${ends.join(" ")}`;
  const fate = delivery(lab.acked, records, dead);
  // A round other than the first that began empty: the browser threw its databases away.
  const kept =
    fate.lost.length > 0 ? `; began empty: rounds ${beganEmpty.join(" ")}; files in ${await lab.keep()}` : "";
  expect(fate, told + kept).toEqual({ lost: [], doubled: [], inverted: [] });
  expect(lab.acked.size).toBeGreaterThan(1_000);
  expect(unansweredAtKill).toBeGreaterThan(0);
  expect(kills).toBeGreaterThanOrEqual(20);
  // R15, with a send under way as the worker is killed.
  await browser.page.evaluate(async (topic) => {
    const sending = window.profile.append(topic, "unread", 10).catch(() => undefined);
    window.profile.killWorker();
    await sending;
    await window.profile.settled();
  }, TOPIC);
});

/** `round-0 12, round-1 40`: how many of each. */
function byRound(values: Iterable<string>): string {
  const counts = new Map<string, number>();
  for (const value of values) {
    const [round = ""] = value.split(":");
    counts.set(round, (counts.get(round) ?? 0) + 1);
  }
  return Array.from(counts, ([round, count]) => `${round} ${count}`).join(", ");
}

test("R03 R10 a profile copied into two browsers that both go on: told, nothing lost, nothing doubled", async () => {
  lab.proxy.cut();
  const first = await lab.launch("original");
  await first.page.evaluate(async (topic) => await window.profile.append(topic, "common", 60), TOPIC);
  await lab.kill(first);
  lab.copyProfile("original", "copy");
  const browsers = [await lab.launch("original"), await lab.launch("copy")] as const;
  // Both append before either can send, so both hold other records under the same sequences.
  await Promise.all(
    browsers.map(
      async ({ page }, copy) =>
        await page.evaluate(async (topic, name) => await window.profile.append(topic, name, 60), TOPIC, `copy-${copy}`),
    ),
  );
  lab.proxy.restore();
  await Promise.all(browsers.map(async ({ page }) => await page.evaluate(async () => await window.profile.drained())));
  await Promise.all(
    browsers.map(
      async ({ page }, copy) =>
        await page.evaluate(
          async (topic, name) => await window.profile.append(topic, name, 30),
          TOPIC,
          `later-${copy}`,
        ),
    ),
  );
  await Promise.all(browsers.map(async ({ page }) => await page.evaluate(async () => await window.profile.drained())));
  const divergences = await Promise.all(
    browsers.map(async ({ page }) => await page.evaluate(() => window.profile.divergences())),
  );
  const dead = await Promise.all(
    browsers.map(async ({ page }) => await page.evaluate(async () => await window.profile.dead())),
  );
  const { records } = await readEdgeLog(lab.broker.url, TOPIC, PARTITIONS);

  expect(lab.acked.size).toBe(60 + 2 * 90);
  expect(delivery(lab.acked, records, dead.flat())).toEqual({ lost: [], doubled: [], inverted: [] });
  expect(records.length).toBe(lab.acked.size);
  expect(Math.max(...divergences)).toBeGreaterThan(0);
  for (const { page } of browsers) await page.evaluate(async () => await window.profile.settled());
});
