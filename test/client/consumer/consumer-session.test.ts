import { afterEach, expect, test } from "vitest";
import { ConsumerSession } from "../../../client/consumer/consumer-session.ts";
import { DeviceNews } from "../../../client/device-news.ts";
import { cryptoRandom, systemClock } from "../../../client/web-ports.ts";
import type { ConsumerOptions, PollAnswer, PollOptions } from "../../../client/calls/consumer-calls.ts";
import { MemoryLocks } from "../memory-locks.ts";
import type { JoinGroup } from "../../../client/group/group-membership.ts";
import { FakeGroup } from "./fake-group.ts";
import { FakeLog, SILENT_CHANNEL } from "./fake-log.ts";
import { GROUP, deviceGroups } from "./device-groups.ts";

const opened: ConsumerSession[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((session) => session.close([])));
});

function world() {
  const log = new FakeLog();
  const news = new DeviceNews(SILENT_CHANNEL, systemClock);
  const locks = new MemoryLocks();
  const open = (options: Partial<ConsumerOptions> = {}, join?: JoinGroup): ConsumerSession => {
    const groupId = options.groupId ?? null;
    const follow = async (name: string) => log.topics.get(name) ?? log.addTopic(name, null, false);
    const ports = { replica: log.replica, news, locks, clock: systemClock, random: cryptoRandom };
    const session = new ConsumerSession(
      {
        replica: log.replica,
        own: { tail: () => Promise.reject(new Error("nobody asked")), moved: async () => [] },
        catalog: log.catalog,
        readThrough: null,
        news,
        clock: systemClock,
        random: cryptoRandom,
        join: join ?? deviceGroups(ports),
        follow,
      },
      {
        groupId,
        group: groupId === null ? null : GROUP,
        isolation: "committed",
        topics: [{ name: "t", fromBeginning: true, storage: "replica" }],
        patterns: [],
        ...options,
      },
    );
    opened.push(session);
    return session;
  };
  return { log, news, locks, open };
}

const ask = (options: Partial<PollOptions> = {}): PollOptions => ({
  bytesMax: 1_000,
  partitionBytesMax: 1_000,
  bytesMin: 1,
  waitMs: 0,
  rejoins: [],
  seeks: [],
  commit: [],
  paused: [],
  ...options,
});
const shown = ({ runs }: PollAnswer): unknown[] =>
  runs.map(({ topic, partition, from, to, buffer }) => [topic, partition, from, to, [...new Uint8Array(buffer)]]);

test("it reads on from where it was, and waits for news", async () => {
  const { log, news, open } = world();
  log.addTopic("t", 1);
  log.append("t", 0, 1, 2, 3);
  const session = open();
  expect(shown(await session.poll(ask({ bytesMax: 2 })))).toEqual([["t", 0, 0, 2, [1, 2]]]);
  expect(shown(await session.poll(ask()))).toEqual([["t", 0, 2, 3, [3]]]);
  const waiting = session.poll(ask({ waitMs: 5_000 }));
  await systemClock.sleep(5);
  news.publish({ type: "appended", refs: [log.append("t", 0, 4)] });
  expect(shown(await waiting)).toEqual([["t", 0, 3, 4, [4]]]);
});

test("news of others do not make it read, and lost news are made up for at the next poll", async () => {
  const { log, news, open } = world();
  log.addTopic("t", 1);
  const session = open();
  const waiting = session.poll(ask({ waitMs: 40 }));
  await systemClock.sleep(10);
  const before = log.reads;
  news.publish({ type: "appended", refs: [{ ...log.ref("t", 0), topicKey: 99 as never }] });
  log.append("t", 0, 1);
  expect((await waiting).runs).toEqual([]);
  expect(log.reads).toBe(before);
  expect(shown(await session.poll(ask()))).toEqual([["t", 0, 0, 1, [1]]]);
});

test("each poll begins with another partition, so that none starves", async () => {
  const { log, open } = world();
  log.addTopic("t", 3);
  for (const partition of [0, 1, 2]) log.append("t", partition, ...Array.from({ length: 9 }, () => partition));
  const session = open();
  const firsts: number[] = [];
  for (let poll = 0; poll < 3; poll += 1)
    for (const { partition } of (await session.poll(ask({ bytesMax: 2 }))).runs) firsts.push(partition);
  expect(firsts).toEqual([0, 1, 2]);
});

test("a topic that is not known yields nothing until it is learned", async () => {
  const { log, news, open } = world();
  const session = open();
  await session.subscribe();
  const waiting = session.poll(ask({ waitMs: 5_000 }));
  await systemClock.sleep(5);
  log.addTopic("t", 2, false);
  log.append("t", 1, 7);
  news.publish({ type: "learned" });
  expect(shown(await waiting)).toEqual([["t", 1, 0, 1, [7]]]);
});

test("latest of a topic the edge was never heard of is decided later, of a local one at once", async () => {
  const { log, open } = world();
  log.addTopic("t", 1, false);
  log.append("t", 0, 1);
  const undecided = open({ topics: [{ name: "t", fromBeginning: false, storage: "replica" }] });
  expect((await undecided.poll(ask())).runs).toEqual([]);
  log.addTopic("here", 1);
  log.append("here", 0, 1);
  const local = open({ topics: [{ name: "here", fromBeginning: false, storage: "replica" }] });
  expect((await local.poll(ask())).runs).toEqual([]);
  log.append("here", 0, 2);
  expect(shown(await local.poll(ask()))).toEqual([["here", 0, 1, 2, [2]]]);
});

test.each([null, "g"])(
  "a partition that its topic grows by is read from its beginning, in group %s",
  async (groupId) => {
    const { log, open } = world();
    log.addTopic("t", 1);
    log.append("t", 0, 1, 2);
    const session = open({ groupId, topics: [{ name: "t", fromBeginning: false, storage: "replica" }] });
    await session.poll(ask({ waitMs: 50 }));
    log.append("t", 0, 3);
    log.addTopic("t", 2);
    log.append("t", 1, 4, 5);
    const records: number[] = [];
    for (let polls = 0; records.length < 3 && polls < 100; polls += 1) {
      const { runs } = await session.poll(ask({ waitMs: 50 }));
      for (const { buffer } of runs) records.push(...new Uint8Array(buffer));
    }
    expect(records.toSorted((a, b) => a - b)).toEqual([3, 4, 5]);
  },
);

test("a group begins where it committed; a seek goes before, also one that comes early", async () => {
  const { log, open } = world();
  log.addTopic("t", 2);
  log.append("t", 0, 1, 2, 3);
  log.append("t", 1, 4, 5);
  log.commits.set(`g/${log.ref("t", 0).topicKey}/0`, 2);
  const session = open({ groupId: "g" });
  expect(shown(await session.poll(ask({ waitMs: 5_000, seeks: [{ topic: "t", partition: 1, offset: 1 }] })))).toEqual([
    ["t", 0, 2, 3, [3]],
    ["t", 1, 1, 2, [5]],
  ]);
  await session.poll(ask({ commit: [{ topic: "t", partition: 0, offset: 3 }] }));
  expect(log.commits.get(`g/${log.ref("t", 0).topicKey}/0`)).toBe(3);
  expect(shown(await session.poll(ask({ seeks: [{ topic: "t", partition: 0, offset: 0 }] })))).toEqual([
    ["t", 0, 0, 3, [1, 2, 3]],
  ]);
  const both = [9, 0].map((partition) => ({ topic: "t", partition, offset: 1 }));
  expect(await session.commit(both)).toEqual([{ ...both[0], code: "UNKNOWN_TOPIC_OR_PARTITION" }]);
  expect(log.commits.get(`g/${log.ref("t", 0).topicKey}/0`)).toBe(1);
});

test("one consumer of a group has its turn; the next begins at what was committed", async () => {
  const { log, open } = world();
  log.addTopic("t", 1);
  log.append("t", 0, 1, 2, 3);
  const [first, second] = [open({ groupId: "g" }), open({ groupId: "g" })];
  expect(shown(await first.poll(ask({ waitMs: 5_000, bytesMax: 2 })))).toEqual([["t", 0, 0, 2, [1, 2]]]);
  const standby = second.poll(ask({ waitMs: 5_000 }));
  await systemClock.sleep(5);
  await first.close([{ topic: "t", partition: 0, offset: 2 }]);
  expect(shown(await standby)).toEqual([["t", 0, 2, 3, [3]]]);
});

test("paused partitions and topics keep their positions", async () => {
  const { log, open } = world();
  log.addTopic("t", 2);
  log.addTopic("t-1", 1);
  log.append("t", 0, 1);
  log.append("t", 1, 2);
  log.append("t-1", 0, 3);
  const session = open({
    topics: ["t", "t-1"].map((name) => ({ name, fromBeginning: true, storage: "replica" as const })),
  });
  const partitions = async (paused: PollOptions["paused"]) =>
    (await session.poll(ask({ paused }))).runs.map(({ topic, partition }) => `${topic}/${partition}`).toSorted();
  // `t-1` is a topic here, and a partition of another one.
  expect(
    await partitions([
      { topic: "t-1", partition: null },
      { topic: "t", partition: 0 },
    ]),
  ).toEqual(["t/1"]);
  expect(await partitions([])).toEqual(["t-1/0", "t/0"]);
});

test("what retention took is skipped, and told", async () => {
  const { log, open } = world();
  log.addTopic("t", 1);
  log.append("t", 0, 1, 2, 3);
  log.logStart = 0;
  const session = open();
  await session.poll(ask({ bytesMax: 1 }));
  log.logStart = 2;
  const told = await session.poll(ask({ waitMs: 100 }));
  expect(told.news).toEqual([{ type: "reset", topic: "t", partition: 0, from: 1, to: 2, reason: "retention" }]);
  expect(shown(await session.poll(ask()))).toEqual([["t", 0, 2, 3, [3]]]);
});

test("closing ends a poll that waits", async () => {
  const { log, open } = world();
  log.addTopic("t", 1);
  const session = open();
  const waiting = session.poll(ask({ waitMs: 60_000 }));
  await systemClock.sleep(5);
  await session.close([]);
  expect((await waiting).runs).toEqual([]);
});

test("what names an earlier ownership of a partition is refused, or passed by", async () => {
  const { log, open } = world();
  log.addTopic("t", 1);
  log.append("t", 0, 1, 2, 3);
  const group = new FakeGroup();
  const session = open({ groupId: "g" }, group.groups.device);
  expect((await session.poll(ask())).group).toMatchObject({ memberId: "m0", joined: true, owned: [] });
  group.members[0]?.assign("t-0");
  const first = (await session.poll(ask({ bytesMax: 1 }))).runs[0];
  const of = { topic: "t", partition: 0, offset: 1 };
  expect(await session.commit([{ ...of, ownership: first?.ownership ?? 0 }])).toEqual([]);
  group.members[0]?.lose("t-0");
  expect(await session.commit([{ ...of, offset: 2 }])).toMatchObject([{ code: "ILLEGAL_GENERATION" }]);
  group.members[0]?.assign("t-0");
  const seek = { topic: "t", partition: 0, offset: 0, ownership: first?.ownership ?? 0 };
  const refused = await session.poll(ask({ seeks: [seek], commit: [{ ...of, offset: 2, ownership: seek.ownership }] }));
  expect(refused).toMatchObject({ refused: [{ ...of, offset: 2, code: "ILLEGAL_GENERATION" }], runs: [{ from: 1 }] });
  const second = refused.runs[0];
  expect(second?.ownership).not.toBe(first?.ownership);
  expect(session.member("t", 0, first?.joins ?? 0)).toBe(null);
  expect(session.member("t", 0, second?.joins ?? 0)).not.toBe(null);
  expect(group.committed.get("t-0")).toBe(1);
});

test("a watch answers when something changes, at once where it has, and null when the session ends", async () => {
  const { log, open } = world();
  log.addTopic("t", 1);
  const group = new FakeGroup();
  const session = open({ groupId: "g" }, group.groups.device);
  await session.poll(ask());
  const { view } = (await session.watchGroup(null)) ?? {};
  const waiting = session.watchGroup(view?.version ?? 0);
  await systemClock.sleep(5);
  group.members[0]?.assign("t-0");
  group.members[0]?.revoke("t-0");
  expect((await waiting)?.view.owned).toMatchObject([{ topic: "t", partition: 0, leaving: true }]);
  expect((await session.watchGroup(view?.version ?? 0))?.view.owned).toHaveLength(1);
  const last = session.watchGroup((await session.watchGroup(null))?.view.version ?? 0);
  await session.close([]);
  expect(await last).toBe(null);
});

test("an answer is filled by those that have more, by turns, each run within its own bound", async () => {
  const { log, open } = world();
  log.addTopic("t", 3);
  log.append("t", 0, ...Array.from({ length: 9 }, (_, index) => index));
  log.append("t", 2, 50, 51);
  const session = open();
  const bounds = async (options: Partial<PollOptions>): Promise<unknown[]> =>
    (await session.poll(ask(options))).runs.map(({ partition, from, to }) => [partition, from, to]);
  expect(await bounds({ bytesMax: 7, partitionBytesMax: 2 })).toEqual([
    [0, 0, 2],
    [2, 0, 2],
    [0, 2, 4],
    [0, 4, 5],
  ]);
  const start = { topic: "t", partition: 0, offset: 0 };
  expect(await bounds({ bytesMax: 8, partitionBytesMax: null, seeks: [start] })).toEqual([[0, 0, 8]]);
});
