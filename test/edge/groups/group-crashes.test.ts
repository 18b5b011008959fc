/** What a group's object does breaks off at each of its writes; alarms that are lost; a group that is empty for too long; an own assignor. */
import { runInDurableObject } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import type { Assignor } from "../../../edge/group/assignors/assignor.ts";
import { ControllerObject, GroupObject } from "../../../edge/worker.ts";
import type { GroupList } from "../../../shared/api/groups.ts";
import { breakWriteAfter } from "../broken-write.ts";
import { call, newPlace } from "../edge.ts";
import { coordinator, describeGroup, evictGroup, Member, newGroup, pathOf, runGroupAlarm } from "./group-lab.ts";

afterEach(() => void vi.restoreAllMocks());

async function breakAfter(group: string, calm: number): Promise<() => boolean> {
  let fired = (): boolean => false;
  await runInDurableObject(
    coordinator(group),
    (_: GroupObject, { storage: { sql } }: DurableObjectState) => void (fired = breakWriteAfter(sql, calm)),
  );
  return () => fired();
}

test("a join, a leave and a deletion that break off at any statement are done by their repeat", async () => {
  vi.spyOn(console, "error").mockReturnValue();
  vi.spyOn(console, "warn").mockReturnValue();
  let broken = 0;
  for (let statement = 0; ; statement += 1) {
    const place = await newPlace({}, 2);
    const group = newGroup();
    const fired = await breakAfter(group, statement);
    const member = new Member(group, { topics: [place.name] });
    for (let tries = 0; member.memberEpoch === 0; tries += 1) {
      if (tries > 3) throw new Error("it cannot join");
      await member.beat();
    }
    await member.settle();
    expect(member.partitions).toHaveLength(2);
    expect(await member.commit(place.topicId, 0, 0)).toBe("ok");
    const left = await member.leave();
    if (left.status !== 204) expect([204, 409]).toContain((await member.leave()).status);
    const removed = await call(`/v1/groups/${group}`, { method: "DELETE" });
    if (removed.status !== 204)
      expect([204, 404]).toContain((await call(`/v1/groups/${group}`, { method: "DELETE" })).status);
    await runGroupAlarm(group);
    expect((await call(`/v1/groups/${group}`)).status).toBe(404);
    const again = new Member(group, { topics: [place.name] });
    for (let tries = 0; again.memberEpoch === 0 && tries < 4; tries += 1) await again.beat();
    await again.settle();
    expect(again.owned.get(`${place.topicId}:0`)).toBeNull();
    if (!fired()) break;
    broken += 1;
  }
  expect(broken).toBeGreaterThan(3);
});

test("an alarm that was lost is set again on waking, and one that comes twice does no harm", async () => {
  const place = await newPlace({}, 2);
  const group = newGroup();
  const member = new Member(group, { topics: [place.name] });
  await member.settle();
  const alarmOf = async (): Promise<number | null> =>
    await runInDurableObject(
      coordinator(group),
      async (_: GroupObject, { storage }: DurableObjectState) => await storage.getAlarm(),
    );
  expect(await alarmOf()).not.toBeNull();
  await runInDurableObject(
    coordinator(group),
    async (_: GroupObject, { storage }: DurableObjectState) => await storage.deleteAlarm(),
  );
  await evictGroup(group);
  expect(await alarmOf()).not.toBeNull();
  await runInDurableObject(coordinator(group), async (object: GroupObject) => {
    await Promise.all([object.alarm(), object.alarm()]);
    await object.alarm();
  });
  await member.settle();
  expect([member.memberEpoch, member.partitions.length]).toEqual([1, 2]);
});

test("a group that is empty for seven days is deleted by its alarm", async () => {
  const place = await newPlace({}, 1);
  const group = newGroup();
  const member = new Member(group, { topics: [place.name] });
  await member.settle();
  await member.leave();
  const emptySince = Date.now();
  const now = vi.spyOn(Date, "now");
  now.mockReturnValue(emptySince + 6 * 86_400_000);
  await runGroupAlarm(group);
  expect((await describeGroup(group)).state).toBe("Empty");
  now.mockReturnValue(emptySince + 7 * 86_400_000 + 1);
  await runGroupAlarm(group);
  expect((await call(`/v1/groups/${group}`)).status).toBe(404);
  expect(await (await call("/v1/groups")).text()).not.toContain(`"${group}"`);
  const names = await runInDurableObject(
    coordinator(group),
    (_: GroupObject, { storage: { sql } }: DurableObjectState) =>
      sql
        .exec<{ name: string }>("SELECT name FROM sqlite_master")
        .toArray()
        .map(({ name }) => name),
  );
  expect(names.filter((name) => !name.startsWith("_cf_"))).toEqual([]);
});

test("an object that knows another assignor serves it by its name", async () => {
  const lastTakesAll: Assignor = {
    name: "last-takes-all",
    assign: ({ members, topics }) =>
      new Map(topics.map(({ topicId, owners }) => [topicId, owners.map(() => members.at(-1)?.memberId ?? null)])),
  };
  const prototype = GroupObject.prototype as unknown as { assignors: () => readonly Assignor[] };
  const built = prototype.assignors;
  vi.spyOn(prototype, "assignors").mockImplementation(() => [...built(), lastTakesAll]);
  const place = await newPlace({}, 4);
  const group = newGroup();
  const options = { topics: [place.name], assignor: "last-takes-all" };
  const members = [0, 1, 2].map(() => new Member(group, options)) as [Member, Member, Member];
  await members[0].settle(members.slice(1));
  expect(members.map((one) => one.partitions.length).toSorted((one, other) => one - other)).toEqual([0, 0, 4]);
  expect((await describeGroup(group)).assignor).toBe("last-takes-all");
});

test("a deletion of a group that is not there takes none off the list that is made meanwhile", async () => {
  const place = await newPlace({}, 1);
  const group = newGroup();
  const real = Reflect.get(ControllerObject.prototype, "unregisterGroup") as ControllerObject["unregisterGroup"];
  const called = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  vi.spyOn(ControllerObject.prototype, "unregisterGroup").mockImplementation(async function (
    this: ControllerObject,
    ...said: Parameters<typeof real>
  ) {
    called.resolve();
    await gate.promise;
    real.apply(this, said);
  } as never);
  const removing = call(pathOf(group), { method: "DELETE" });
  await called.promise;
  const member = new Member(group, { topics: [place.name] });
  const joining = member.beat();
  // Time for the join to go ahead, if it does.
  for (let round = 0; round < 5; round += 1) await call(pathOf(group));
  gate.resolve();
  expect((await removing).status).toBe(404);
  await joining;
  expect(member.error).toBeNull();
  const listed: GroupList = await (await call("/v1/groups")).json();
  expect(listed.groups.map(({ groupId }) => groupId)).toContain(group);
});
