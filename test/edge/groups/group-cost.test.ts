/** What a large group costs its object, and a storm of members that come and go. */
import { runInDurableObject } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import type { GroupObject } from "../../../edge/worker.ts";
import { call, newPlace } from "../edge.ts";
import { coordinator, describeGroup, Member, newGroup } from "./group-lab.ts";

interface Costs {
  readonly snapshots: number;
  readonly rows: number;
  readonly alarms: number;
}

/** Of the object, from now on: what its storage is told, each statement counted with the rows it writes. */
async function count(group: string): Promise<() => Costs> {
  const costs = { snapshots: 0, rows: 0, alarms: 0 };
  await runInDurableObject(coordinator(group), (_: GroupObject, { storage }: DurableObjectState) => {
    const { sql } = storage;
    const exec = sql.exec.bind(sql);
    vi.spyOn(sql, "exec").mockImplementation((query, ...values) => {
      const cursor = exec(query, ...(values as SqlStorageValue[]));
      costs.rows += cursor.rowsWritten;
      if (values[0] === "snapshot" && query.startsWith("INSERT")) costs.snapshots += 1;
      return cursor as never;
    });
    const setAlarm = storage.setAlarm.bind(storage);
    vi.spyOn(storage, "setAlarm").mockImplementation(async (at) => {
      costs.alarms += 1;
      await setAlarm(at);
    });
  });
  return () => ({ ...costs });
}

const MEMBERS = 60;
const PARTITIONS = 180;

test("a join or leave is settled within two heartbeats, writes two rows, and steady heartbeats write none", async () => {
  const place = await newPlace({}, PARTITIONS);
  const group = newGroup();
  const members = Array.from({ length: MEMBERS }, () => new Member(group, { topics: [place.name] }));
  const round = async (): Promise<void> => void (await Promise.all(members.map(async (one) => await one.beat())));
  await round();
  const costs = await count(group);
  const owned = (): number => members.reduce((sum, one) => sum + one.partitions.length, 0);
  for (let rounds = 0; owned() < PARTITIONS; rounds += 1) {
    if (rounds > 10) throw new Error("the group does not settle");
    await round();
  }
  await round();
  const before = costs();
  for (let steady = 0; steady < 3; steady += 1) await round();
  expect(costs()).toEqual(before);
  // One leaves: its partitions are granted to others, and nobody else's move.
  const gone = members.pop() as Member;
  const kept = members.map((one) => [...one.partitions]);
  await gone.leave();
  // It is counted at all; and two are the most.
  expect(costs().snapshots - before.snapshots).toBe(1);
  expect(costs().rows - before.rows).toBeLessThanOrEqual(2);
  for (let beats = 0; beats < 2; beats += 1) await round();
  expect(owned()).toBe(PARTITIONS);
  for (const [index, one] of members.entries())
    expect(one.partitions).toEqual(expect.arrayContaining(kept[index] ?? []));
  // One joins: it has its share after everybody's second heartbeat.
  const joining = new Member(group, { topics: [place.name] });
  const rows = costs().rows;
  members.push(joining);
  await joining.beat();
  for (let beats = 0; beats < 2; beats += 1) await round();
  await joining.beat();
  expect(joining.partitions).toHaveLength(PARTITIONS / MEMBERS);
  expect(costs().rows - rows).toBeLessThanOrEqual(2);
  expect(costs().alarms).toBeLessThanOrEqual(1);
});

test("R20 a storm of 50 joins and leaves ends with each partition owned once", async () => {
  const place = await newPlace({}, 12);
  const group = newGroup();
  let members: Member[] = [new Member(group, { topics: [place.name] })];
  const round = async (): Promise<void> => void (await Promise.all(members.map(async (one) => await one.beat())));
  await round();
  for (let turn = 0; turn < 25; turn += 1) {
    members.push(new Member(group, { topics: [place.name] }));
    await round();
    const [leaving, ...rest] = members as [Member, ...Member[]];
    if (turn % 3 !== 2) members = rest;
    await (turn % 3 === 2 ? (members.pop() as Member) : leaving).leave();
    await round();
    // Nobody is told that it owns what another one still works on.
    const owned = members.flatMap((one) => one.partitions);
    expect(new Set(owned).size).toBe(owned.length);
  }
  await (members[0] as Member).settle(members.slice(1));
  const owned = members.flatMap((one) => one.partitions);
  expect([owned.length, new Set(owned).size]).toEqual([12, 12]);
  expect((await describeGroup(group)).members).toHaveLength(members.length);
  for (const one of members) expect((await one.leave()).status).toBe(204);
  expect((await call(`/v1/groups/${group}`, { method: "DELETE" })).status).toBe(204);
});
