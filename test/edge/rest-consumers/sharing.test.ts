/** Consumers of the REST proxy as members of one group, and what becomes of those that are not asked any more. */
import { afterEach, expect, test, vi } from "vitest";
import { GONE_MS } from "../../../edge/rest-consumer/consumer-calls.ts";
import { call, newPlace } from "../edge.ts";
import { describeGroup, evictGroup, Member, newGroup, pathOf } from "../groups/group-lab.ts";
import { idleFor, produce, RestClient, restErrorOf, runConsumerAlarm, tablesOf } from "./consumer-lab.ts";

afterEach(() => void vi.restoreAllMocks());

const PARTITIONS = [0, 1, 2, 3];

/** Polls of all in turns, until each has its share. */
async function shared(clients: readonly RestClient[], share: number): Promise<unknown[]> {
  const told: unknown[] = [];
  for (let round = 0; round < 30; round += 1) {
    for (const client of clients) told.push(...(await client.poll()).map(({ value }) => value));
    const shares = await Promise.all(clients.map(async (client) => (await client.partitions()).length));
    if (shares.every((one) => one === share)) return told;
  }
  throw new Error("the group does not settle");
}

test.each([
  ["in memory", false],
  ["evicted before each call, and their group as well", true],
])("two consumers %s share the partitions of a topic, and nothing is told twice", async (_, evicts) => {
  const { name } = await newPlace({}, 4);
  const group = newGroup();
  const told: unknown[] = [];
  const one = await RestClient.create({ group, evicts });
  await one.subscribe(name);
  for (const partition of PARTITIONS) await produce(name, partition, `${partition}a`);
  told.push(...(await one.values(4)));
  expect(await one.partitions()).toHaveLength(4);
  const other = await RestClient.create({ group, evicts });
  await other.subscribe(name);
  if (evicts) await evictGroup(group);
  told.push(...(await shared([one, other], 2)));
  for (const partition of PARTITIONS) await produce(name, partition, `${partition}b`);
  if (evicts) await evictGroup(group);
  told.push(...(await one.values(2)), ...(await other.values(2)));
  expect([...(await one.partitions()), ...(await other.partitions())].toSorted()).toEqual(
    PARTITIONS.map((partition) => `${name}:${partition}`),
  );
  await other.delete();
  told.push(...(await shared([one], 4)));
  for (const partition of PARTITIONS) await produce(name, partition, `${partition}c`);
  told.push(...(await one.values(4)));
  expect(told.map(String).toSorted()).toEqual(
    PARTITIONS.flatMap((partition) => ["a", "b", "c"].map((one) => `${partition}${one}`)),
  );
});

test("partitions that are lost are not committed, and read from the group's offset by whoever has them then", async () => {
  const { name } = await newPlace({}, 2);
  const group = newGroup();
  const one = await RestClient.create({ group, config: { "auto.commit.enable": false } });
  await one.subscribe(name);
  await produce(name, 0, "0a");
  await produce(name, 1, "1a");
  await one.values(2);
  const other = await RestClient.create({ group, config: { "auto.commit.enable": false } });
  await other.subscribe(name);
  const told = await shared([one, other], 1);
  // What was told and not committed is told again, once, by the other.
  const [lost = ""] = await other.partitions();
  const again = told.length > 0 ? told : await other.values(1);
  expect(again).toEqual([`${lost.at(-1)}a`]);
  const offsets = [{ topic: name, partition: Number(lost.at(-1)), offset: 0 }];
  expect(await restErrorOf(await one.post("/offsets", { offsets }))).toMatchObject({ status: 500, error_code: 50002 });
  expect(await other.committed()).toEqual([]);
});

test("one that the group has thrown out joins again, and begins at the group's offsets", async () => {
  const { name } = await newPlace();
  const client = await RestClient.create({ config: { "auto.commit.enable": false } });
  await client.subscribe(name);
  await produce(name, 0, "a");
  expect(await client.values(1)).toEqual(["a"]);
  const [member] = (await describeGroup(client.group)).members;
  const leaving = { memberId: member?.memberId };
  expect((await call(pathOf(client.group, "/leave"), { json: leaving })).status).toBe(204);
  expect((await describeGroup(client.group)).members).toEqual([]);
  expect(await client.values(1)).toEqual(["a"]);
  const [joined] = (await describeGroup(client.group)).members;
  expect(joined?.memberId).not.toBe(member?.memberId);
});

test("one that nobody asks is gone after its idle time, leaves its group, and commits nothing", async () => {
  const { name } = await newPlace();
  const client = await RestClient.create();
  await client.subscribe(name);
  await produce(name, 0, "a");
  expect(await client.values(1)).toEqual(["a"]);
  await idleFor(client, GONE_MS - 60_000);
  expect(await runConsumerAlarm(client)).toBe(true);
  expect((await describeGroup(client.group)).members).toHaveLength(1);
  expect(await client.partitions()).toHaveLength(1);
  await idleFor(client, GONE_MS);
  expect(await runConsumerAlarm(client)).toBe(true);
  expect((await describeGroup(client.group)).members).toEqual([]);
  expect(await tablesOf(client)).toBe(0);
  expect(await restErrorOf(await client.ask("/records"))).toMatchObject({ error_code: 40403 });
  expect(await runConsumerAlarm(client)).toBe(false);
  const next = await RestClient.create({ group: client.group });
  await next.subscribe(name);
  expect(await next.values(1)).toEqual(["a"]);
});

test("one whose time is over before its alarm comes is as good as gone, and its name is free", async () => {
  const { name } = await newPlace();
  const config = { name: "mine" };
  const client = await RestClient.create({ config });
  await client.subscribe(name);
  await client.poll();
  await idleFor(client, GONE_MS);
  expect(await restErrorOf(await client.ask("/assignments"))).toMatchObject({ error_code: 40403 });
  const next = await RestClient.create({ group: client.group, config });
  expect(await next.partitions()).toEqual([]);
  await vi.waitFor(async () => expect((await describeGroup(client.group)).members).toEqual([]));
});

test("calls that are no polls keep it in its group as well", async () => {
  const { name } = await newPlace();
  const client = await RestClient.create();
  await client.subscribe(name);
  await produce(name, 0, "a");
  await client.values(1);
  await idleFor(client, 60_000);
  await evictGroup(client.group);
  expect(await client.partitions()).toHaveLength(1);
  expect((await describeGroup(client.group)).members).toHaveLength(1);
  await produce(name, 0, "b");
  expect(await client.values(1)).toEqual(["b"]);
});

test("calls that are no polls keep it in a group that has forgotten what it subscribed to, while others are heard", async () => {
  const { name } = await newPlace({}, 2);
  const client = await RestClient.create();
  await client.subscribe(name);
  await client.poll();
  const other = new Member(client.group, { topics: [name] });
  while (other.partitions.length === 0) {
    await other.beat();
    await client.poll();
  }
  await evictGroup(client.group);
  let at = Date.now();
  vi.spyOn(Date, "now").mockImplementation(() => at);
  for (let asked = 0; asked < 10; asked += 1) {
    for (let beats = 0; beats < 4; beats += 1) {
      at += 10_000;
      await other.beat();
    }
    await client.partitions();
    await vi.waitFor(async () => expect((await describeGroup(client.group)).members).toHaveLength(2));
  }
});

test("R27 a clock that jumps by ten years ends none, and idle time counts afterwards as it did", async () => {
  const { name } = await newPlace();
  const client = await RestClient.create();
  await client.subscribe(name);
  const begin = Date.now();
  let at = begin;
  vi.spyOn(Date, "now").mockImplementation(() => at);
  for (const years of [10, -10, 20, 0]) {
    at = begin + years * 365 * 86_400_000;
    await runConsumerAlarm(client);
    expect((await client.ask("/assignments")).status).toBe(200);
    at += 60_000;
    await produce(name, 0, years);
    expect(await client.values(1)).toEqual([years]);
  }
  at += GONE_MS;
  expect(await restErrorOf(await client.ask("/assignments"))).toMatchObject({ error_code: 40403 });
});

test("a consumer of more partitions than one poll looks at reads all of them, and commits all", async () => {
  const count = 250;
  const { name } = await newPlace({}, count);
  const client = await RestClient.create();
  await client.subscribe(name);
  for (const partition of [0, 99, 100, 200, 249]) await produce(name, partition, `${partition}`);
  const told = await client.values(5, "timeout=3000");
  expect(told.map(Number).toSorted((a, b) => a - b)).toEqual([0, 99, 100, 200, 249]);
  expect(await client.partitions()).toHaveLength(count);
  await client.delete();
  const next = await RestClient.create({ group: client.group });
  await next.subscribe(name);
  await produce(name, 200, "b");
  expect(await next.values(1)).toEqual(["b"]);
});
