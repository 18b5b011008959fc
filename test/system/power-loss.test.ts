/** What a device has acked is on its disk, not only on its way there: the power fails within writes. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readEdgeLog } from "../demo/edge-log.ts";
import { seeded } from "../harness/seeded.ts";
import { delivery, type Delivery } from "./delivery.ts";
import { DeviceLab } from "./device-lab.ts";

const TOPIC = "power";
const PARTITIONS = 3;
const FAILURES = 8;

let lab: DeviceLab;
beforeEach(async () => {
  lab = await DeviceLab.open();
  await lab.createTopic(TOPIC, PARTITIONS);
});
afterEach(async () => await lab.close());

test("R12 nothing that was acked is lost when the power fails, again and again, with and without a network", async () => {
  expect(await fateAfterFailures("strict", FAILURES)).toEqual({ lost: [], doubled: [], inverted: [] });
  expect(lab.acked.size).toBeGreaterThan(500);
});

test("R12 acked before it is on disk, records are lost, and this test sees it", async () => {
  expect((await fateAfterFailures("relaxed", 2)).lost.length).toBeGreaterThan(0);
});

async function fateAfterFailures(durability: "strict" | "relaxed", failures: number): Promise<Delivery> {
  const power = lab.failingPower("device");
  const random = seeded(20_261_122);
  for (let round = 0; round < failures; round += 1) {
    // Offline, the disk alone holds them; online, what the edge has and what the disk forgot have to meet again.
    if (round % 2 === 0) lab.proxy.cut();
    else lab.proxy.restore();
    const browser = await lab.launch("device", power.env);
    await browser.page.evaluate(
      (topic, name, how) => window.profile.appendForEver(topic, name, how),
      TOPIC,
      `round-${round}`,
      durability,
    );
    await sleep(100 + random() * 300);
    await lab.kill(browser);
    expect(power.fail()).toBe(true);
  }
  lab.proxy.restore();
  const browser = await lab.launch("device");
  await browser.page.evaluate(async () => await window.profile.drained());
  const { records } = await readEdgeLog(lab.broker.url, TOPIC, PARTITIONS);
  const dead = await browser.page.evaluate(async () => await window.profile.dead());
  return delivery(lab.acked, records, dead);
}
