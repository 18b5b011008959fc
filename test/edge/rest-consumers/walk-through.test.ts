/** What a client of the REST proxy does from its first call to its last. */
import { describe, expect, test } from "vitest";
import { call, newPlace } from "../edge.ts";
import { describeGroup, newGroup } from "../groups/group-lab.ts";
import { BINARY_V2, JSON_V2, post, produce, RestClient, restErrorOf, V2 } from "./consumer-lab.ts";

describe.each([
  ["in memory", false],
  ["evicted before each call", true],
])("a consumer %s", (_, evicts) => {
  test("is made, subscribes, polls, commits, and is deleted; the next one goes on where it was", async () => {
    const { name } = await newPlace();
    const group = newGroup();
    await produce(name, 0, { n: 1 }, { n: 2 });
    const config = { name: "mine", "auto.commit.enable": "false" };
    const client = await RestClient.create({ group, config, evicts });
    expect([client.instance, client.path]).toEqual(["mine", `/kafka-rest/consumers/${group}/instances/mine`]);
    await client.subscribe(name);
    expect(await (await client.ask("/subscription")).json()).toEqual({ topics: [name] });
    expect(await client.partitions()).toEqual([]);
    const response = await client.ask("/records?timeout=3000&max_bytes=300000", { headers: { accept: JSON_V2 } });
    expect(response.headers.get("content-type")).toBe(JSON_V2);
    const at = { topic: name, key: null, partition: 0, headers: [], timestamp: expect.any(Number) };
    expect(await response.json()).toEqual([
      { ...at, value: { n: 1 }, offset: 0 },
      { ...at, value: { n: 2 }, offset: 1 },
    ]);
    expect(await client.partitions()).toEqual([`${name}:0`]);
    expect(await client.committed()).toEqual([]);
    const committed = await client.post("/offsets");
    expect([committed.status, await committed.json()]).toEqual([200, []]);
    expect(await client.committed()).toEqual([{ topic: name, partition: 0, offset: 2, metadata: "" }]);
    await produce(name, 0, { n: 3 });
    expect(await client.values(1)).toEqual([{ n: 3 }]);
    await client.delete();
    expect((await describeGroup(group)).members).toEqual([]);
    expect(await restErrorOf(await client.ask("/records"))).toMatchObject({
      ...{ status: 404, error_code: 40403, message: expect.stringContaining('no such consumer instance: "mine"') },
    });

    const next = await RestClient.create({ group, config, evicts });
    await next.subscribe(name);
    expect(await next.values(1)).toEqual([{ n: 3 }]);
  });

  test("assigns partitions by hand, is no member, and keeps the group's offsets", async () => {
    const { name } = await newPlace({}, 3);
    await produce(name, 1, "a", "b");
    const client = await RestClient.create({ evicts });
    await client.assign(name, 1, 2, 1);
    expect(await client.partitions()).toEqual([`${name}:1`, `${name}:2`]);
    expect(await client.values(2)).toEqual(["a", "b"]);
    expect(await client.poll()).toEqual([]);
    expect(await client.committed()).toMatchObject([
      { partition: 1, offset: 2 },
      { partition: 2, offset: 0 },
    ]);
    expect((await describeGroup(client.group)).members).toEqual([]);
    await client.delete();

    const next = await RestClient.create({ group: client.group });
    await next.assign(name, 1);
    await produce(name, 1, "c");
    expect(await next.values(1)).toEqual(["c"]);
  });
});

test("a consumer that is given no name has one, and its address is that of the request", async () => {
  const group = `a/b ${newGroup()}?`;
  const response = await post(`/kafka-rest/consumers/${encodeURIComponent(group)}`);
  const { instance_id: id, base_uri: uri }: { instance_id: string; base_uri: string } = await response.json();
  expect(id).toMatch(/^rest-consumer-[0-9a-f]{32}$/);
  expect(uri).toBe(`http://localhost/kafka-rest/consumers/${encodeURIComponent(group)}/instances/${id}`);
  expect(await (await call(`${new URL(uri).pathname}/subscription`)).json()).toEqual({ topics: [] });
});

test("a consumer whose name is of any script answers at its address", async () => {
  for (const name of ["a/b", "é 集", "x?y#z", "%2F", "..a"]) {
    const client = await RestClient.create({ config: { name } });
    expect([client.instance, await client.partitions()]).toEqual([name, []]);
  }
});

test("Base64, for a consumer that was made so, which is the default", async () => {
  const { name } = await newPlace();
  await produce(name, 0, "é");
  const group = newGroup();
  const made = await post(`/kafka-rest/consumers/${group}`, { name: "b", "auto.offset.reset": "earliest" });
  expect(made.status).toBe(200);
  const path = `/kafka-rest/consumers/${group}/instances/b`;
  await post(`${path}/assignments`, { partitions: [{ topic: name, partition: 0 }] });
  for (const accept of [BINARY_V2, V2, "*/*", "application/json"]) {
    await post(`${path}/positions/beginning`, { partitions: [{ topic: name, partition: 0 }] });
    const response = await call(`${path}/records`, { headers: { accept } });
    expect(response.headers.get("content-type")).toBe(BINARY_V2);
    expect(await response.json()).toMatchObject([{ value: btoa('"Ã©"') }]);
  }
});

test("a pattern takes whole names, and topics that are made later", async () => {
  const { name } = await newPlace();
  const client = await RestClient.create();
  const json = { topic_pattern: `${name}|later-${name}-.` };
  expect((await client.post("/subscription", json)).status).toBe(204);
  await produce(name, 0, 1);
  expect(await client.values(1)).toEqual([1]);
  for (const other of [`later-${name}-x`, `later-${name}-xx`])
    expect((await call("/v1/topics", { json: { name: other, partitionCount: 1 } })).status).toBe(201);
  await produce(`later-${name}-x`, 0, 2);
  expect(await client.values(1)).toEqual([2]);
  const { topics }: { topics: string[] } = await (await client.ask("/subscription")).json();
  expect(topics.toSorted()).toEqual([`later-${name}-x`, name]);
  expect(await client.partitions()).toEqual([`later-${name}-x:0`, `${name}:0`].toSorted());
});

test("a subscription is replaced, and ended", async () => {
  const [one, other] = [await newPlace(), await newPlace()];
  await produce(one.name, 0, 1);
  await produce(other.name, 0, 2);
  const client = await RestClient.create();
  await client.subscribe(one.name);
  expect(await client.values(1)).toEqual([1]);
  await client.subscribe(other.name);
  expect(await client.values(1)).toEqual([2]);
  expect(await client.partitions()).toEqual([`${other.name}:0`]);
  expect((await client.ask("/subscription", { method: "DELETE" })).status).toBe(204);
  expect(await (await client.ask("/subscription")).json()).toEqual({ topics: [] });
  expect((await describeGroup(client.group)).members).toEqual([]);
  await client.assign(one.name, 0);
  expect(await client.poll()).toEqual([]);
});
