/** A consumer whose tab freezes while it has its group's turn: another goes on, and what the frozen one commits when it wakes is refused. */
import { expect, test } from "vitest";
import { ConsumerSession } from "../../../client/consumer/consumer-session.ts";
import type { OwnRecords } from "../../../client/log/own-log.ts";
import { DeviceNews } from "../../../client/device-news.ts";
import type { Offset, Partition } from "../../../shared/brands.ts";
import type { PartitionRef } from "../../../client/log/device-log.ts";
import { SeededRandom } from "../../sim/seeded-random.ts";
import { Freezer, SimulatedChannels } from "../../sim/simulated-freezer.ts";
import { VirtualClock } from "../../sim/virtual-clock.ts";
import { Tab } from "../log/log-fixture.ts";
import { MemoryLocks } from "../memory-locks.ts";
import { systemClock } from "../../../client/web-ports.ts";
import { ConsumerLab, until } from "./consumer-lab.ts";
import { FakeLog } from "./fake-log.ts";
import { GROUP, deviceGroups } from "./device-groups.ts";

const SESSION_MS = 12_000;
const ask = (offset: number | null) => ({
  bytesMax: 2,
  partitionBytesMax: 2,
  bytesMin: 1,
  waitMs: 0,
  rejoins: [],
  seeks: [],
  paused: [],
  commit: offset === null ? [] : [{ topic: "t", partition: 0, offset }],
});

const REFUSED = { topic: "t", partition: 0, code: "ILLEGAL_GENERATION" };

const NO_OWN: OwnRecords = { tail: () => Promise.reject(new Error("nobody asked")), moved: async () => [] };

function device() {
  const log = new FakeLog();
  log.addTopic("t", 1);
  log.append("t", 0, 1, 2, 3, 4, 5, 6, 7, 8);
  const clock = new VirtualClock();
  const locks = new MemoryLocks();
  const channels = new SimulatedChannels();
  const random = new SeededRandom(1);
  const open = async () => {
    const freezer = new Freezer();
    const ports = { clock: freezer.clock(clock), locks: freezer.locks(locks), random };
    const news = new DeviceNews(channels.join(freezer), ports.clock);
    const follow = async (name: string) => log.addTopic(name, 1);
    const { replica, catalog } = log;
    const join = deviceGroups({ ...ports, news, replica });
    const deps = { ...ports, news, replica, own: NO_OWN, catalog, readThrough: null, join, follow };
    const topics = [{ name: "t", fromBeginning: true, storage: "replica" }] as const;
    const session = new ConsumerSession(deps, {
      groupId: "g",
      group: GROUP,
      isolation: "committed",
      topics,
      patterns: [],
    });
    await session.subscribe();
    await clock.settle();
    return { session, freezer };
  };
  return { log, clock, locks, open, committed: () => log.commits.get("g/1/0") };
}

test("the turn passes on after a session, and the commit of the one that wakes is refused", async () => {
  const { clock, locks, open, committed } = device();
  const first = await open();
  const second = await open();
  expect((await first.session.poll(ask(null))).runs[0]?.from).toBe(0);
  expect(await second.session.poll(ask(null))).toMatchObject({ runs: [], news: [] });
  await first.session.poll(ask(2));
  await clock.advance(60_000);
  expect(locks.steals).toBe(0);
  first.freezer.freeze();
  await clock.advance(SESSION_MS);
  expect((await second.session.poll(ask(null))).runs[0]?.from).toBe(2);
  await second.session.poll(ask(4));
  await second.session.poll(ask(6));
  first.freezer.thaw();
  // The page's call was in the queue before the news of the stolen lock.
  expect(await first.session.poll(ask(3))).toMatchObject({ runs: [], refused: [REFUSED] });
  await clock.settle();
  expect(await first.session.commit(ask(3).commit)).toMatchObject([REFUSED]);
  expect(committed()).toBe(6);
  await first.session.close([]);
  const again = await open();
  expect(await again.session.poll(ask(null))).toMatchObject({ runs: [], news: [] });
  await second.session.close([]);
  await clock.advance(10);
  expect((await again.session.poll(ask(null))).runs[0]?.from).toBe(6);
});

test("a consumer whose page is parked gives its turn to another at once", async () => {
  const { clock, open } = device();
  const first = await open();
  const second = await open();
  await first.session.poll(ask(null));
  await first.session.poll(ask(2));
  first.session.yield();
  // Without a poll: with that it would join again.
  expect(await first.session.commit(ask(4).commit)).toMatchObject([REFUSED]);
  await clock.advance(10);
  expect((await second.session.poll(ask(null))).runs[0]?.from).toBe(2);
});

test("the store refuses what is committed under an earlier turn, and takes what nobody's turn decides", async () => {
  const tab = await Tab.open();
  await tab.append("orders-0: a");
  const { replica } = tab.log;
  const ref = await tab.ref("orders-0");
  const other = { ...ref, partition: 1 as Partition };
  const commit = (offset: number, turn?: number, of = ref): Promise<PartitionRef[]> =>
    replica.commit("g", [{ ref: of, offset: offset as Offset, ...(turn === undefined ? {} : { turn }) }]);
  const [first, beside] = await replica.beginTurns("g", [ref, other]);
  expect(await commit(3, first)).toEqual([]);
  const [second] = await replica.beginTurns("g", [ref]);
  expect(await commit(4, first)).toEqual([ref]);
  expect(await replica.committed("g", ref)).toBe(3);
  expect(await commit(5, second)).toEqual([]);
  expect(await commit(7, beside, other)).toEqual([]);
  expect(await commit(1)).toEqual([]);
  expect(await replica.committed("g", ref)).toBe(1);
  expect(await commit(6, second)).toEqual([ref]);
  expect(await replica.committed("g", other)).toBe(7);
  expect(await replica.beginTurns("other", [ref])).toEqual([1]);
});

test("a page that slept asks the store whose turn it is, before its worker has heard of another's", async () => {
  let jumpMs = 0;
  const clock = { now: () => systemClock.now() + jumpMs, sleep: systemClock.sleep.bind(systemClock) };
  const lab = await ConsumerLab.open({ localPartitionCount: 1, clock });
  await lab.append("t-0: a b");
  const consumer = lab.consumer({ groupId: "g" });
  const gate = Promise.withResolvers<void>();
  const order: string[] = [];
  consumer.on("partitions_lost", () => order.push("lost"));
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      order.push(message.text() ?? "");
      await gate.promise;
    },
  });
  await until(() => order.length === 1);
  await lab.tab.log.replica.beginTurns("g", [await lab.tab.ref("t-0")]);
  jumpMs = 9_000;
  gate.resolve();
  await until(() => order.filter((each) => each === "b").length === 1);
  expect(order).toEqual(["a", "lost", "a", "b"]);
  await consumer.stop();
});
