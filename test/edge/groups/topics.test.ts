/** Which topics a group has: named, by patterns, made later, grown, deleted; and what becomes of it where a partition is out of reach. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { ControllerObject, PartitionObject } from "../../../edge/worker.ts";
import type { GroupTopic } from "../../../edge/group/group-calls.ts";
import type { TopicId } from "../../../shared/brands.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { call, newPlace } from "../edge.ts";
import { coordinator, evictGroup, Member, newGroup, runGroupAlarm } from "./group-lab.ts";

afterEach(() => void vi.restoreAllMocks());

async function make(name: string, partitionCount: number): Promise<string> {
  const response = await call("/v1/topics", { json: { name, partitionCount } });
  return ((await response.json()) as { topicId: string }).topicId;
}

test("topics that match a pattern, are made later, grow and go, with the next heartbeat", async () => {
  const group = newGroup();
  const subscription = { topics: ["later"], patterns: [{ source: "^ORDERS-", flags: "gi" }] };
  const first = await make("orders-eu", 1);
  await make("bills", 3);
  const member = new Member(group, { subscription });
  await member.settle();
  expect(member.partitions).toEqual([`${first}:0`]);
  const second = await make("orders-us", 2);
  await member.settle();
  expect(member.partitions).toEqual([`${first}:0`, `${second}:0`, `${second}:1`].toSorted());
  await call("/v1/topics/orders-eu/partitions", { json: { partitionCount: 3 } });
  await evictGroup(group);
  await member.settle();
  expect(member.partitions).toHaveLength(5);
  const later = await make("later", 1);
  await member.settle();
  expect(member.partitions).toContain(`${later}:0`);
  await call("/v1/topics/orders-us", { method: "DELETE" });
  await member.settle();
  expect(member.partitions).toHaveLength(4);
});

test("a partition that cannot be reached is waited for, and the rest goes on", async () => {
  const logged = vi.spyOn(console, "warn").mockReturnValue();
  const place = await newPlace({}, 4);
  const real = Reflect.get(PartitionObject.prototype, "fence") as PartitionObject["fence"];
  let isBroken = true;
  vi.spyOn(PartitionObject.prototype, "fence").mockImplementation(async function (this: PartitionObject, at, request) {
    if (isBroken && at.partition === 2) throw new Error("the partition is gone");
    return await real.call(this, at, request);
  });
  const group = newGroup();
  const [first, second] = [0, 1].map(() => new Member(group, { topics: [place.name] })) as [Member, Member];
  for (let round = 0; round < 6; round += 1) for (const one of [first, second]) await one.beat();
  const owned = [...first.partitions, ...second.partitions];
  expect(owned.toSorted()).toEqual([0, 1, 3].map((partition) => `${place.topicId}:${partition}`));
  expect(logged).toHaveBeenCalled();
  isBroken = false;
  await second.settle([first]);
  expect([...first.partitions, ...second.partitions]).toHaveLength(4);
});

test("a member that is not heard of any more is gone after its session, by the alarm alone", async () => {
  const place = await newPlace({}, 2);
  const group = newGroup();
  const now = vi.spyOn(Date, "now");
  const begin = Date.now();
  let at = begin;
  now.mockImplementation(() => at);
  const member = new Member(group, { topics: [place.name], sessionTimeoutMs: 10_000 });
  await member.settle();
  expect((await (await call(`/v1/groups/${group}`)).json()) as object).toMatchObject({ members: [{}] });
  let alarms = 0;
  while (alarms < 4) {
    at += 10_001;
    if (await runGroupAlarm(group)) alarms += 1;
  }
  expect(await (await call(`/v1/groups/${group}`)).json()).toMatchObject({ state: "Empty", members: [] });
  await member.beat();
  expect(member.error?.code).toBe("UNKNOWN_MEMBER_ID");
});

test("R22 members that are not heard of any more are gone though their object sleeps from alarm to alarm", async () => {
  const place = await newPlace({}, 2);
  const group = newGroup();
  let at = Date.now();
  vi.spyOn(Date, "now").mockImplementation(() => at);
  const [first, second] = [10_000, 12_000].map(
    (sessionTimeoutMs) => new Member(group, { topics: [place.name], sessionTimeoutMs }),
  ) as [Member, Member];
  await first.settle([second]);
  let alarms = 0;
  for (let slept = 0; slept < 5; slept += 1) {
    await evictGroup(group);
    at += 10_001;
    if (await runGroupAlarm(group)) alarms += 1;
  }
  expect(alarms).toBeGreaterThan(1);
  await evictGroup(group);
  expect((await call(`/v1/groups/${group}`, { method: "DELETE" })).status).toBe(204);
});

test("a controller that is away takes nobody out of its group, and whoever leaves leaves", async () => {
  vi.spyOn(console, "warn").mockReturnValue();
  const place = await newPlace({}, 2);
  const group = newGroup();
  const [first, second] = [0, 1].map(() => new Member(group, { topics: [place.name] })) as [Member, Member];
  await first.settle([second]);
  const at = Date.now() + 31_000;
  vi.spyOn(Date, "now").mockImplementation(() => at);
  const asked = vi.spyOn(ControllerObject.prototype, "topicListing").mockImplementation(() => {
    throw new Error("it is away");
  });
  for (const isEvicted of [false, true]) {
    if (isEvicted) await evictGroup(group);
    await first.beat();
    expect([first.error, first.partitions.length]).toEqual([null, 1]);
  }
  const joining = new Member(group, { topics: [place.name] });
  await joining.beat();
  expect(joining.error?.code).toBe("COORDINATOR_NOT_AVAILABLE");
  expect((await second.leave()).status).toBe(204);
  for (let beats = 0; beats < 3; beats += 1) await first.beat();
  expect(first.partitions).toHaveLength(2);
  expect(asked).toHaveBeenCalled();
});

test("topics that are made after the controller was restored from an older copy are noticed", async () => {
  const group = newGroup();
  for (const name of ["restored-1", "restored-2", "restored-3"]) await make(name, 1);
  const member = new Member(group, { subscription: { topics: [], patterns: [{ source: "^restored-", flags: "" }] } });
  await member.settle();
  const controller = env.CONTROLLER.get(env.CONTROLLER.idFromName("default"));
  await runInDurableObject(controller, (_, { storage: { sql } }) => {
    sql.exec("UPDATE counters SET value = value - 2 WHERE name = 'listing'");
  });
  await make("restored-4", 1);
  await member.settle();
  expect(member.partitions).toHaveLength(4);
});

test("a member may own partitions of more topics than it could name: its patterns mean as many as there are", async () => {
  const member = new Member(newGroup(), { subscription: { topics: [], patterns: [{ source: "^many-", flags: "" }] } });
  await member.beat();
  const owned = Array.from({ length: LIMITS.groupTopicsMax + 1 }, () => ({
    topicId: crypto.randomUUID() as TopicId,
    partitions: [0],
  }));
  await member.beat({ owned });
  expect(member.error).toBeNull();
});

test("also where the controller's storage is of a time when revisions were counted one by one", async () => {
  await make("counted-1", 1);
  const controller = env.CONTROLLER.get(env.CONTROLLER.idFromName("default"));
  await runInDurableObject(controller, (_, { storage: { sql } }) => {
    const triggers = sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'trigger'").toArray();
    for (const { name } of triggers) sql.exec(`DROP TRIGGER ${name}`);
    sql.exec(`CREATE TRIGGER listing_0 AFTER INSERT ON topics BEGIN
      INSERT INTO counters (name, value) VALUES ('listing', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1;
    END`);
    sql.exec("UPDATE counters SET value = 7 WHERE name = 'listing'");
  });
  await evictDurableObject(controller);
  const before = Date.now();
  await make("counted-2", 1);
  const { revision } = await controller.topicListing(null);
  expect(revision).toBeGreaterThanOrEqual(before - 1_000);
  await make("counted-3", 1);
  expect((await controller.topicListing(null)).revision).toBeGreaterThan(revision);
});

test("R27 a clock that jumps by ten years takes nobody's place", async () => {
  const place = await newPlace({}, 2);
  const group = newGroup();
  const begin = Date.now();
  let at = begin;
  vi.spyOn(Date, "now").mockImplementation(() => at);
  const member = new Member(group, { topics: [place.name] });
  await member.settle();
  for (const jump of [10, -10, 20, 0].map((years) => years * 365 * 86_400_000)) {
    at = begin + jump;
    await member.settle();
    expect([member.memberEpoch, member.partitions.length]).toEqual([1, 2]);
    await evictGroup(group);
    await runGroupAlarm(group);
    expect(await member.commit(place.topicId, 0, 0)).toBe("ok");
  }
});

test("topics that were deleted are forgotten by the alarm, those that are there are not", async () => {
  vi.spyOn(console, "warn").mockReturnValue();
  const group = newGroup();
  const address = { namespace: "default", groupId: group };
  const place = await newPlace({}, 1);
  const topicOf = (n: number): GroupTopic => ({
    ...{ topicId: crypto.randomUUID() as TopicId, topic: `gone-${n}`, partitionCount: 1 },
    ...(n === 0 ? { jurisdiction: "eu" } : {}),
  });
  const topics = [
    ...Array.from({ length: 120 }, (_, n) => topicOf(n)),
    { topicId: place.topicId, topic: place.name, partitionCount: 1 },
  ];
  const beat = async (memberEpoch: number, revision: number, all: readonly GroupTopic[]): Promise<void> => {
    const subscription = { topics: [], patterns: [] };
    const heartbeat = { memberId: "m", memberEpoch, owned: [], subscription, sessionTimeoutMs: 1_800_000 };
    const told = await coordinator(group).heartbeat(address, {
      ...{ heartbeat, revision, resolution: { revision, topics: all } },
    });
    expect(told).toMatchObject({ ok: true });
  };
  const known = async (): Promise<unknown> => {
    const held = await coordinator(group).heldOffsets();
    return held.ok ? held.value.topics.map(({ topic }) => topic) : held;
  };
  await beat(0, 1, topics);
  expect(await known()).toHaveLength(121);
  await runGroupAlarm(group);
  expect(await known()).toHaveLength(121);
  await beat(1, 2, []);
  await beat(2, 2, []);
  await runGroupAlarm(group);
  expect(await known()).toEqual([place.name]);
  await evictGroup(group);
  expect(await known()).toEqual([place.name]);
});
