import { expect, test } from "vitest";
import { DeviceNews } from "../../client/device-news.ts";
import { systemClock } from "../../client/web-ports.ts";
import type { WorkerOptions } from "../../client/calls/worker-options.ts";
import { WorkerCore } from "../../client/worker/core.ts";
import type { Device } from "../../client/worker/device.ts";
import { SILENT_CHANNEL } from "./consumer/fake-log.ts";
import { Tab } from "./log/log-fixture.ts";

/** More turns of the microtask queue than either takes, so that every step of one falls between two of the other. */
const TURNS = 60;

function coreOf(tab: Tab): WorkerCore {
  const news = new DeviceNews(SILENT_CHANNEL, systemClock);
  const device = { ...tab.log, news, clock: systemClock, sync: null } as Partial<Device> as Device;
  return new WorkerCore(device, { options: {} as WorkerOptions, tellPage: () => {}, paused: false });
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}

test("records that move to their partitions while it is asked are counted once, and not overlooked", async () => {
  for (let turn = -TURNS; turn < TURNS; turn += 1) {
    const tab = await Tab.open();
    await tab.append("orders: l=a n=b l=c");
    const core = coreOf(tab);
    const [{ pendingRecords }] = await Promise.all([
      turns(turn).then(() => core.calls.status()),
      turns(-turn).then(() => tab.learn("orders", 2)),
    ]);
    expect(pendingRecords).toBe(3);
  }
});
