/** Polls that fail, or whose answer does not come in its time: what they had taken is no record that was handed out. */
import { expect, test } from "vitest";
import { ConsumerSession } from "../../../client/consumer/consumer-session.ts";
import { TableSession, type TableDeps } from "../../../client/worker/table-session.ts";
import { DeviceNews } from "../../../client/device-news.ts";
import { cryptoRandom, systemClock } from "../../../client/web-ports.ts";
import type { PollAnswer, PollOptions } from "../../../client/calls/consumer-calls.ts";
import type { Clock } from "../../../shared/clock.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import { VirtualClock } from "../../sim/virtual-clock.ts";
import { ConsumerLab, inWords, until } from "./consumer-lab.ts";
import { FakeLog, SILENT_CHANNEL } from "./fake-log.ts";

const ASKED: PollOptions = {
  ...{ bytesMax: 1_000, partitionBytesMax: 2, bytesMin: 1, waitMs: 0 },
  ...{ rejoins: [], seeks: [], commit: [], paused: [] },
};

/** Of one partition, and of no group. */
function world(clock: Clock = systemClock) {
  const log = new FakeLog();
  log.addTopic("t", 1);
  const news = new DeviceNews(SILENT_CHANNEL, clock);
  const session = new ConsumerSession(
    {
      ...{ replica: log.replica, catalog: log.catalog, readThrough: null, news, clock, random: cryptoRandom },
      own: { tail: () => Promise.reject(new Error("nobody asked")), moved: async () => [] },
      join: () => {
        throw new Error("of no group");
      },
      follow: async (name) => log.topics.get(name) ?? log.addTopic(name, null, false),
    },
    {
      ...{ groupId: null, group: null, isolation: "committed", patterns: [] },
      topics: [{ name: "t", fromBeginning: true, storage: "replica" }],
    },
  );
  return { log, news, session };
}

const ranges = ({ runs }: PollAnswer): string => runs.map(({ from, to }) => `${from}-${to}`).join();

test("what an answer brought that was not heard comes again, and is not read twice behind one that was", async () => {
  const { log, session } = world();
  log.append("t", 0, 1, 2, 3);
  expect(ranges(await session.poll({ ...ASKED, bytesMax: 2 }))).toBe("0-2");
  expect(ranges(await session.poll({ ...ASKED, again: true }))).toBe("0-2,2-3");
  expect(ranges(await session.poll(ASKED))).toBe("");
  await session.close([]);
});

test("a poll that still waits where its page has given it up takes nothing more", async () => {
  const { log, news, session } = world();
  const givenUp = session.poll({ ...ASKED, waitMs: 60_000 });
  await systemClock.sleep(5);
  const next = session.poll({ ...ASKED, again: true, waitMs: 60_000 });
  expect(ranges(await givenUp)).toBe("");
  news.publish({ type: "appended", refs: [log.append("t", 0, 1)] });
  expect(ranges(await next)).toBe("0-1");
  await session.close([]);
});

/** Of a topic that nobody knows. */
function tablePoll(clock: Clock): () => Promise<unknown> {
  const news = new DeviceNews(SILENT_CHANNEL, clock);
  const deps: Partial<TableDeps> = { catalog: new FakeLog().catalog, news, clock };
  const session = new TableSession(deps as TableDeps, "t", { pending: false });
  return async () => await session.poll(5_000);
}

test.each(["consumer", "table"])(
  "a %s's poll under which the clock goes back by years ends in its time",
  async (of) => {
    const clock = new VirtualClock();
    const { session } = world(clock);
    const poll = of === "table" ? tablePoll(clock) : () => session.poll({ ...ASKED, waitMs: 5_000 });
    let answered = false;
    const waiting = poll().then(() => (answered = true));
    await clock.advance(1_000);
    clock.jump(-10 * 365 * 24 * 3_600_000);
    await clock.until("an answer", () => answered, 6_000);
    await waiting;
    await session.close([]);
  },
);

test.each([undefined, "g"])(
  "where one partition cannot be read, no other loses what was read, in group %s",
  async (groupId) => {
    const lab = await ConsumerLab.open({ localPartitionCount: 3 });
    for (const partition of [0, 1, 2]) await lab.append(`t-${partition}: a b c`);
    const { replica } = lab.tab.log;
    const read = replica.read.bind(replica);
    let reads = 0;
    replica.read = async (...asked) => {
      reads += 1;
      if (reads === 3) throw new StrandlineError("STORE_FAILED", "by the test");
      return await read(...asked);
    };
    const consumer = lab.consumer(groupId === undefined ? {} : { groupId });
    const seen: string[] = [];
    await consumer.subscribe({ topic: "t", fromBeginning: true });
    await consumer.run({ eachMessage: ({ partition, message }) => void seen.push(`${partition}${inWords(message)}`) });
    await until(() => seen.some((each) => each === "2c@2"));
    await consumer.stop();
    expect(seen.toSorted()).toEqual(
      [0, 1, 2].flatMap((partition) => ["a@0", "b@1", "c@2"].map((at) => `${partition}${at}`)),
    );
  },
);
