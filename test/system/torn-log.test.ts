/** Chromium keeps an origin's databases in one LevelDB, and a LevelDB that is torn twice is thrown away: the library sees to it that once is all. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { readEdgeLog } from "../demo/edge-log.ts";
import { delivery } from "./delivery.ts";
import { DeviceLab } from "./device-lab.ts";

const TOPIC = "torn";
const PARTITIONS = 3;
const KILLS = 3;
const RECORDS = 40;

let lab: DeviceLab;
beforeEach(async () => {
  lab = await DeviceLab.open();
  await lab.createTopic(TOPIC, PARTITIONS);
});
afterEach(async () => await lab.close());

test("R11 a browser killed within a write, again and again, keeps what was acked", async ({ skip }) => {
  lab.proxy.cut();
  for (let round = 0; round < KILLS; round += 1) {
    const browser = await lab.launch("device");
    const { pendingRecords } = await browser.page.evaluate(async () => await window.profile.status());
    expect(pendingRecords).toBe(round * RECORDS);
    await browser.page.evaluate(
      async (topic, name, count) => await window.profile.append(topic, name, count),
      TOPIC,
      `round-${round}`,
      RECORDS,
    );
    await lab.kill(browser);
    if (!lab.tearLogs("device")) skip("this Chromium does not keep IndexedDB in a LevelDB");
  }
  lab.proxy.restore();
  const browser = await lab.launch("device");
  const databases = await browser.page.evaluate(async () => await indexedDB.databases());
  await browser.page.evaluate(async () => await window.profile.drained());
  const { records } = await readEdgeLog(lab.broker.url, TOPIC, PARTITIONS);

  expect(databases.length).toBe(1);
  expect(lab.acked.size).toBe(KILLS * RECORDS);
  expect(delivery(lab.acked, records, [])).toEqual({ lost: [], doubled: [], inverted: [] });
});
