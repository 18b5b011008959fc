import { expect, test } from "vitest";
import { DeviceNews, type DeviceChannel, type DeviceMessage } from "../../client/device-news.ts";
import type { SyncError } from "../../client/calls/outbox-calls.ts";
import { systemClock } from "../../client/web-ports.ts";
import type { WorkerOptions } from "../../client/calls/worker-options.ts";
import { WorkerCore } from "../../client/worker/core.ts";
import type { Device } from "../../client/worker/device.ts";
import { SILENT_CHANNEL } from "./consumer/fake-log.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
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

test("the last error is that of the tab that syncs, and is over once an attempt succeeds", async () => {
  let tell: (message: DeviceMessage) => void = () => {};
  const channel: DeviceChannel = { ...SILENT_CHANNEL, onMessage: (listener) => void (tell = listener) };
  const news = new DeviceNews(channel, systemClock);
  const tab = await Tab.open();
  const here = { leader: false, online: false, paused: false, lastError: null as SyncError | null };
  const sync = { status: () => here, wake() {} } as unknown as Device["sync"];
  const device = { ...tab.log, news, clock: systemClock, sync } as Partial<Device> as Device;
  const { calls } = new WorkerCore(device, { options: {} as WorkerOptions, tellPage: () => {}, paused: false });
  const failed = (at: number): SyncError => ({
    ...new StrandlineError("NETWORK_EXCEPTION", "by the test").toBody(),
    at,
  });
  const state = (leader: boolean, lastError: SyncError | null): void =>
    tell({ type: "event", event: { type: "sync.state", online: false, paused: false, leader, lastError } });
  expect((await calls.status()).lastError).toBeNull();
  state(true, failed(5));
  expect((await calls.status()).lastError).toMatchObject({ code: "NETWORK_EXCEPTION", retriable: true, at: 5 });
  // Another reader's failure is none of sync.
  state(false, null);
  expect((await calls.status()).lastError).toMatchObject({ at: 5 });
  state(true, null);
  expect((await calls.status()).lastError).toBeNull();
  // The tab that syncs knows of every attempt.
  Object.assign(here, { leader: true, lastError: failed(9) });
  expect((await calls.status()).lastError).toMatchObject({ at: 9 });
});
