/** Where consumers of the REST proxy read, and what they commit. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import { systemClock } from "../../../edge/system-ports.ts";
import type { TopicId } from "../../../shared/brands.ts";
import { call, newPlace } from "../edge.ts";
import { newGroup } from "../groups/group-lab.ts";
import { consumerObject, JSON_V2, post, produce, RestClient, restErrorOf } from "./consumer-lab.ts";

async function offsetIn(group: string): Promise<number | null | undefined> {
  const response = await call(`/v1/groups/${group}/offsets`);
  if (response.status === 404) return null;
  const { offsets }: { offsets: { committed: { offset: number } | null }[] } = await response.json();
  return offsets[0]?.committed?.offset ?? null;
}

describe("auto-commit", () => {
  test("commits with each poll what the one before told, and never what it tells itself", async () => {
    const { name } = await newPlace();
    const client = await RestClient.create();
    await client.subscribe(name);
    await produce(name, 0, "a");
    expect(await client.values(1)).toEqual(["a"]);
    expect(await offsetIn(client.group)).toBeNull();
    await produce(name, 0, "b");
    expect(await client.values(1)).toEqual(["b"]);
    expect(await offsetIn(client.group)).toBe(1);
    expect(await client.poll()).toEqual([]);
    expect(await offsetIn(client.group)).toBe(2);
  });

  test("commits as the consumer is deleted, and as its subscription ends", async () => {
    const { name } = await newPlace();
    await produce(name, 0, "a");
    const client = await RestClient.create();
    await client.subscribe(name);
    expect(await client.values(1)).toEqual(["a"]);
    expect((await client.ask("/subscription", { method: "DELETE" })).status).toBe(204);
    expect(await offsetIn(client.group)).toBe(1);
    await client.subscribe(name);
    await produce(name, 0, "b");
    expect(await client.values(1)).toEqual(["b"]);
    await client.delete();
    expect(await offsetIn(client.group)).toBe(2);
  });

  test.each([
    ["auto.commit.enable", false],
    ["auto.commit.enable", "false"],
    ["enable.auto.commit", false],
  ])("is not done where %s is %j", async (field, value) => {
    const { name } = await newPlace();
    await produce(name, 0, "a");
    const client = await RestClient.create({ config: { [field]: value } });
    await client.subscribe(name);
    await client.values(1);
    expect(await client.poll()).toEqual([]);
    await client.delete();
    expect(await offsetIn(client.group)).toBeNull();
  });
});

test("a commit names the last record that was handled, with a text", async () => {
  const { name } = await newPlace();
  await produce(name, 0, "a", "b", "c");
  const client = await RestClient.create({ config: { "auto.commit.enable": false } });
  await client.subscribe(name);
  await client.values(3);
  const offsets = [{ topic: name, partition: 0, offset: 0, metadata: "so far" }];
  expect((await client.post("/offsets?async=true", { offsets })).status).toBe(200);
  expect(await client.committed()).toEqual([{ topic: name, partition: 0, offset: 1, metadata: "so far" }]);
  await client.delete();
  const next = await RestClient.create({ group: client.group });
  await next.subscribe(name);
  expect(await next.values(2)).toEqual(["b", "c"]);
});

describe("positions", () => {
  test("are set to an offset, to the beginning and to the end", async () => {
    const { name } = await newPlace({}, 2);
    await produce(name, 0, "a", "b");
    await produce(name, 1, "c", "d");
    const client = await RestClient.create();
    await client.assign(name, 0, 1);
    expect(await client.values(4)).toEqual(["a", "b", "c", "d"]);
    const at = (partition: number, more = {}): object => ({ topic: name, partition, ...more });
    expect((await client.post("/positions", { offsets: [at(1, { offset: 1, metadata: "" })] })).status).toBe(204);
    expect(await client.values(1)).toEqual(["d"]);
    expect((await client.post("/positions/beginning", { partitions: [at(0)] })).status).toBe(204);
    expect(await client.values(2)).toEqual(["a", "b"]);
    await client.post("/positions/beginning", { partitions: [at(0), at(1)] });
    expect((await client.post("/positions/end", { partitions: [at(0)] })).status).toBe(204);
    expect(await client.values(2)).toEqual(["c", "d"]);
    await produce(name, 0, "e");
    expect(await client.values(1)).toEqual(["e"]);
  });

  test.each([
    ["earliest", ["a", "b"]],
    ["latest", ["c"]],
  ])("beyond the log are set again: %s", async (reset, values) => {
    const { name } = await newPlace();
    await produce(name, 0, "a", "b");
    const client = await RestClient.create({ config: { "auto.offset.reset": reset } });
    await client.assign(name, 0);
    await client.post("/positions", { offsets: [{ topic: name, partition: 0, offset: 99 }] });
    if (reset === "latest") {
      expect(await client.poll()).toEqual([]);
      await produce(name, 0, "c");
    }
    expect(await client.values(values.length)).toEqual(values);
  });

  test("begin at the end by default, as it was at the first poll", async () => {
    const { name } = await newPlace();
    await produce(name, 0, "a");
    const client = await RestClient.create({ config: { "auto.offset.reset": "latest" } });
    await client.subscribe(name);
    expect(await client.poll("timeout=1500")).toEqual([]);
    await produce(name, 0, "b");
    expect(await client.values(1)).toEqual(["b"]);
  });

  test("that there are none of are told where auto.offset.reset is none", async () => {
    const { name } = await newPlace();
    const client = await RestClient.create({ config: { "auto.offset.reset": "none" } });
    await client.assign(name, 0);
    expect(await restErrorOf(await client.ask("/records"))).toMatchObject({ status: 416, error_code: 416 });
    await client.post("/positions/beginning", { partitions: [{ topic: name, partition: 0 }] });
    expect(await client.poll()).toEqual([]);
  });
});

describe("a poll", () => {
  test("waits for a first record, and tells it as it comes", async () => {
    const { name } = await newPlace();
    const client = await RestClient.create();
    await client.assign(name, 0);
    const waiting = client.poll("timeout=20000");
    await produce(name, 0, "a");
    expect((await waiting).map(({ value }) => value)).toEqual(["a"]);
  });

  test("waits no longer than the consumer was made for", async () => {
    const { name } = await newPlace();
    const client = await RestClient.create({ config: { "consumer.request.timeout.ms": "5" } });
    await client.assign(name, 0);
    const begun = Date.now();
    expect(await client.poll("timeout=25000")).toEqual([]);
    expect(Date.now() - begun).toBeLessThan(20_000);
  });

  test("waits for fetch.min.bytes as long as it may", async () => {
    const { name } = await newPlace();
    await produce(name, 0, "a");
    const client = await RestClient.create({ config: { "fetch.min.bytes": 2_000 } });
    await client.assign(name, 0);
    expect((await client.poll("timeout=10")).length).toBe(1);
    const waiting = client.poll("timeout=20000");
    await produce(name, 0, "b");
    await produce(name, 0, "x".repeat(3_000));
    expect((await waiting).length).toBe(2);
  });

  test("tells what there is, however its time ends", async () => {
    const { name } = await newPlace();
    await produce(name, 0, "a");
    const client = await RestClient.create({ config: { "fetch.min.bytes": 2_000 } });
    await client.assign(name, 0);
    let nowMs = Date.now();
    vi.spyOn(systemClock, "now").mockImplementation(() => (nowMs += 1));
    try {
      for (let timeoutMs = 0; timeoutMs < 40; timeoutMs += 1) {
        expect(await client.poll(`timeout=${timeoutMs}`)).toHaveLength(1);
        await client.post("/positions/beginning", { partitions: [{ topic: name, partition: 0 }] });
      }
    } finally {
      vi.restoreAllMocks();
    }
  });

  test("is cut by max_bytes within a batch, and goes on there; the first record always comes", async () => {
    const { name } = await newPlace();
    await produce(name, 0, "a".repeat(10), "b".repeat(10), "c".repeat(10));
    const client = await RestClient.create();
    await client.assign(name, 0);
    const told = async (query: string): Promise<string[]> =>
      (await client.poll(query)).map(({ value }) => String(value)[0] ?? "");
    expect(await told("max_bytes=1")).toEqual(["a"]);
    expect(await told("max_bytes=13")).toEqual(["b", "c"]);
    await client.post("/positions/beginning", { partitions: [{ topic: name, partition: 0 }] });
    expect(await told("max_bytes=-1&timeout=-1")).toEqual(["a", "b", "c"]);
  });

  test("takes turns among partitions, each of them in order", async () => {
    const { name } = await newPlace({}, 3);
    for (const partition of [0, 1, 2]) await produce(name, partition, ...[0, 1, 2].map((n) => `${partition}${n}`));
    const client = await RestClient.create();
    await client.assign(name, 0, 1, 2);
    const told: string[] = [];
    for (let round = 0; round < 9; round += 1) told.push(...(await client.values(1, "max_bytes=1")).map(String));
    expect(
      told
        .slice(0, 3)
        .map((value) => value[0])
        .join(""),
    ).toBe("012");
    for (const partition of ["0", "1", "2"])
      expect(told.filter((value) => value[0] === partition)).toEqual([0, 1, 2].map((n) => `${partition}${n}`));
  });

  test("tells what comes before a record that is no JSON, then of that one, which can be passed by", async () => {
    const { name } = await newPlace();
    await produce(name, 0, "a");
    const binary = "application/vnd.kafka.binary.v2+json";
    await post(`/kafka-rest/topics/${name}`, { records: [{ value: "/w==" }] }, binary);
    await produce(name, 0, "b");
    const client = await RestClient.create();
    await client.assign(name, 0);
    expect(await client.values(1)).toEqual(["a"]);
    const error = await restErrorOf(await client.ask("/records", { headers: { accept: JSON_V2 } }));
    expect(error).toMatchObject({ status: 422, error_code: 42203, message: expect.stringContaining("offset 1") });
    await client.post("/positions", { offsets: [{ topic: name, partition: 0, offset: 2 }] });
    expect(await client.values(1)).toEqual(["b"]);
  });

  test("that another call comes in between of tells nothing twice", async () => {
    const { name } = await newPlace();
    const client = await RestClient.create({ group: newGroup() });
    await client.assign(name, 0);
    const polls = [client.poll("timeout=1000"), client.poll("timeout=1000")];
    await produce(name, 0, "a");
    const told = (await Promise.all(polls)).flat();
    // By this one where both were over before there was anything.
    told.push(...(await client.poll()));
    expect(told.map(({ value }) => value)).toEqual(["a"]);
  });
});

test("a poll that tells something is one row written, and one that does not is none", async () => {
  const { name } = await newPlace({}, 3);
  const client = await RestClient.create();
  const rows = async (): Promise<number> =>
    await runInDurableObject(consumerObject(client), (_, { storage }) => {
      const [row] = storage.sql.exec<{ version: number }>("SELECT version FROM consumer").toArray();
      return row?.version ?? 0;
    });
  await client.subscribe(name);
  await produce(name, 0, "a");
  await client.values(1);
  await client.poll();
  const before = await rows();
  for (let round = 0; round < 3; round += 1) expect(await client.poll()).toEqual([]);
  expect(await rows()).toBe(before);
  await produce(name, 1, "b");
  expect(await client.values(1)).toEqual(["b"]);
  expect(await rows()).toBe(before + 1);
  // What it committed then is one more.
  expect(await client.poll()).toEqual([]);
  expect(await rows()).toBe(before + 2);
});

test("a consumer that would hold more than its row takes is refused with what it is too much of, and stays as it was", async () => {
  const client = await RestClient.create();
  const object = consumerObject(client);
  const principal = await runInDurableObject(object, (_, { storage }) => {
    const [row] = storage.sql.exec<{ owner: string }>("SELECT owner FROM consumer").toArray();
    return (JSON.parse(row?.owner ?? "{}") as { principal: string }).principal;
  });
  const read = await object.read(principal, { polls: false });
  if (!read.ok) throw new Error(read.error.code);
  const { version, state } = read.value;
  const held = Array.from({ length: 20_000 }, (_, partition) => ({
    ...{ topicId: crypto.randomUUID() as TopicId, topic: "t", partition },
    ...{ position: 0, committed: null, leaderEpoch: null },
  }));
  const written = await object.write(principal, version, { ...state, held });
  expect(written).toMatchObject({ ok: false, error: { code: "GROUP_MAX_SIZE_REACHED" } });
  expect(await object.read(principal, { polls: false })).toMatchObject({ value: { version, state } });
});
