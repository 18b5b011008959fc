/** The admin's calls for groups at the edge, from Node, against a real broker; members beat over HTTP, as any client may. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Strandline } from "../../client/http.ts";
import type { GroupAssignment } from "../../shared/api/groups.ts";
import { startTcpProxy, type TcpProxy } from "../harness/tcp-proxy.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";
import type { Workerd } from "../harness/workerd.ts";

const EDGE = { coordinator: "edge" } as const;
const WITHIN = { timeout: 20_000, interval: 50 };

let dir: Awaited<ReturnType<typeof tempDir>>;
let broker: Workerd;
let proxy: TcpProxy;
let client: Strandline;
let admin: ReturnType<Strandline["admin"]>;
beforeAll(async () => {
  dir = await tempDir("group-admin");
  broker = await startBroker({ dir: dir.path });
});
beforeEach(async () => {
  proxy = await startTcpProxy({ upstreamPort: broker.port });
  client = new Strandline({ url: proxy.url, retry: { initialRetryTime: 20, maxRetryTime: 200 } });
  admin = client.admin();
});
afterEach(async () => {
  await client.close({ flush: false });
  await proxy.close();
});
afterAll(async () => {
  await broker.kill();
  await dir.remove();
});

/** Partition 1 has the times 10, 20, 30 and 40. */
async function written(topic: string): Promise<void> {
  await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] });
  const messages = [10, 20, 30, 40].map((timestamp) => ({ value: "x", partition: 1, timestamp }));
  await client.producer().send({ topic, messages, acks: -1 });
}

let members = 0;

/** A member that owns all of the topic. */
async function joined(group: string, topic: string): Promise<GroupAssignment> {
  members += 1;
  const path = `${broker.url}/v1/groups/${encodeURIComponent(group)}/heartbeat`;
  const memberId = `member-${members}`.padEnd(22, "A");
  const body = { memberId, memberEpoch: 0, owned: [], subscription: { topics: [topic], patterns: [] }, clientId: "m" };
  for (;;) {
    const answered = await fetch(path, { method: "POST", body: JSON.stringify(body) });
    const said = (await answered.json()) as GroupAssignment;
    if (said.assignment.flatMap(({ partitions }) => partitions).length === 2) return said;
  }
}

async function left(group: string, { memberId }: GroupAssignment): Promise<void> {
  const path = `${broker.url}/v1/groups/${encodeURIComponent(group)}/leave`;
  expect((await fetch(path, { method: "POST", body: JSON.stringify({ memberId }) })).status).toBe(204);
}

async function refusalOf(call: Promise<unknown>): Promise<unknown> {
  return await call.then(
    () => "no refusal",
    (error: unknown) => error,
  );
}

test("groups are listed, described, and deleted while nobody is there; each error is of its group", async () => {
  await written("described");
  const group = "a group/of ours";
  expect((await admin.describeGroups([group], EDGE)).groups).toEqual([
    ...[
      {
        groupId: group,
        protocolType: "consumer",
        errorCode: 0,
        protocol: "",
        state: "Dead",
        groupEpoch: 0,
        members: [],
      },
    ],
  ]);
  const member = await joined(group, "described");
  expect((await admin.listGroups(EDGE)).groups).toContainEqual({ groupId: group, protocolType: "consumer" });
  expect(await admin.listGroups({ coordinator: "device" })).toEqual({ groups: [] });
  const all = [{ topic: "described", partitions: [0, 1] }];
  expect((await admin.describeGroups([group], EDGE)).groups).toEqual([
    {
      ...{ groupId: group, protocolType: "consumer", errorCode: 0, protocol: "sticky", state: "Stable" },
      groupEpoch: member.memberEpoch,
      members: [
        {
          ...{ memberId: member.memberId, clientId: "m", groupInstanceId: null, memberEpoch: member.memberEpoch },
          subscription: { topics: ["described"], patterns: [] },
          ...{ memberAssignment: all, targetAssignment: all },
        },
      ],
    },
  ]);
  const consumer = client.consumer({ ...EDGE, groupId: group });
  expect(await consumer.describeGroup()).toMatchObject({ groupId: group, members: [{ memberAssignment: all }] });
  await admin.setOffsets({ ...EDGE, groupId: "empty", topic: "described", partitions: [{ partition: 1, offset: 3 }] });
  const refused = await refusalOf(admin.deleteGroups([group, "nobody", "empty"], EDGE));
  // Loggers write it as JSON.
  expect(JSON.stringify(refused)).toContain("NON_EMPTY_GROUP");
  expect(refused).toMatchObject({
    ...{ code: "NON_EMPTY_GROUP", details: { groupId: group } },
    groups: [
      { groupId: group, errorCode: 68, error: { code: "NON_EMPTY_GROUP" } },
      { groupId: "nobody", errorCode: 69, error: { code: "GROUP_ID_NOT_FOUND" } },
      { groupId: "empty", errorCode: 0 },
    ],
  });
  await left(group, member);
  expect(await admin.deleteGroups([group], EDGE)).toEqual([{ groupId: group, errorCode: 0 }]);
  expect((await admin.listGroups(EDGE)).groups).toEqual([]);
});

test("offsets of a group at the edge are told, set and reset, and are none of the device's group of that name", async () => {
  await written("moved");
  const asked = { ...EDGE, groupId: "g" };
  const offsets = async (): Promise<unknown> =>
    (await admin.fetchOffsets({ ...asked, topics: ["moved"] })).map(({ partitions }) =>
      partitions.map((one) => one.offset),
    );
  expect(await admin.fetchOffsets(asked)).toEqual([]);
  expect(await offsets()).toEqual([[-1, -1]]);
  await admin.setOffsets({ ...asked, topic: "moved", partitions: [{ partition: 1, offset: 3 }] });
  expect(await admin.fetchOffsets(asked)).toEqual([
    {
      topic: "moved",
      partitions: [
        { partition: 0, offset: -1, metadata: null },
        { partition: 1, offset: 3, metadata: "" },
      ],
    },
  ]);
  expect(
    (await admin.fetchOffsets({ ...asked, resolveOffsets: true }))[0]?.partitions.map((one) => one.offset),
  ).toEqual([...[0, 3]]);
  expect(await admin.fetchOffsets({ groupId: "g", coordinator: "device" })).toEqual([]);
  const dry = await admin.resetOffsets({ ...asked, to: { timestamp: 25 }, dryRun: true });
  expect(dry).toEqual([
    { topic: "moved", partition: 0, from: null, to: 0, error: null },
    { topic: "moved", partition: 1, from: 3, to: 2, error: null },
  ]);
  expect(await offsets()).toEqual([[-1, 3]]);
  // A dry run tells of what would be refused, and does not reject for it.
  expect(await admin.resetOffsets({ ...asked, to: { shift: -1 }, dryRun: true })).toMatchObject([
    { to: null, error: { code: "INVALID_REQUEST" } },
    { from: 3, to: 2, error: null },
  ]);
  expect(await refusalOf(admin.resetOffsets({ ...asked, to: { shift: -1 } }))).toMatchObject({
    ...{ code: "INVALID_REQUEST", details: { topic: "moved", partition: 0 } },
    offsets: [
      { to: null, error: { code: "INVALID_REQUEST" } },
      { from: 3, to: 2, error: null },
    ],
  });
  expect(await offsets()).toEqual([[-1, 2]]);
  await admin.resetOffsets({ ...asked, topic: "moved", earliest: true });
  expect(await offsets()).toEqual([[0, 0]]);
  await admin.resetOffsets({ ...asked, topic: "moved" });
  expect(await offsets()).toEqual([[0, 4]]);
  await admin.resetOffsets({ ...asked, to: { offsets: [{ topic: "moved", partition: 1, offset: null }] } });
  expect(await offsets()).toEqual([[0, -1]]);
  const beyond = { ...asked, topic: "moved", partitions: [{ partition: 1, offset: 9 }] };
  expect(await refusalOf(admin.setOffsets(beyond))).toMatchObject({
    ...{ code: "OFFSET_OUT_OF_RANGE", details: { topic: "moved", partition: 1, highWatermark: 4 } },
  });
  const member = await joined("g", "moved");
  for (const call of [
    () => admin.setOffsets({ ...asked, topic: "moved", partitions: [{ partition: 1, offset: 0 }] }),
    () => admin.resetOffsets({ ...asked, topic: "moved" }),
    () => admin.resetOffsets({ ...asked, to: "latest", dryRun: true }),
  ])
    expect(await refusalOf(call())).toMatchObject({
      ...{ code: "NON_EMPTY_GROUP", message: expect.stringContaining('"g": stop its consumers first') as string },
    });
  await left("g", member);
  await expect(admin.fetchOffsets({ ...asked, topics: ["nowhere"] })).rejects.toMatchObject({
    code: "UNKNOWN_TOPIC_OR_PARTITION",
  });
  for (const coordinator of ["edge", "device"] as const)
    for (const given of [Number.NaN, -1, "2026-02-30", new Date(0)]) {
      const to = { timestamp: given as number };
      await expect(admin.resetOffsets({ groupId: "g", coordinator, topics: ["moved"], to })).rejects.toMatchObject({
        ...{ code: "INVALID_TIMESTAMP", details: { timestamp: String(given) } },
      });
    }
  // KafkaJS's offsets are text.
  await admin.setOffsets({ ...asked, topic: "moved", partitions: [{ partition: 1, offset: "2" }] });
  expect(await admin.fetchOffsets({ ...asked, topics: ["moved"] })).toMatchObject([
    { partitions: [{}, { partition: 1, offset: 2 }] },
  ]);
  await expect(admin.resetOffsets({ ...EDGE, groupId: "nobody", to: "latest" })).rejects.toMatchObject({
    code: "GROUP_ID_NOT_FOUND",
  });
});

test("the text beside an offset is the caller's, comes back as KafkaJS has it, and goes with the next commit", async () => {
  await written("noted");
  const consumer = client.consumer({ groupId: "noters" });
  await consumer.subscribe({ topic: "noted", fromBeginning: true });
  const handled = Promise.withResolvers<void>();
  await consumer.run({
    autoCommit: false,
    eachMessage: ({ message }) => void (message.offset === 3 && handled.resolve()),
  });
  await handled.promise;
  const at = { topic: "noted", partition: 1 };
  const stands = async (): Promise<unknown> =>
    (await admin.fetchOffsets({ groupId: "noters", topics: ["noted"] }))[0]?.partitions[1];
  await consumer.commitOffsets([{ ...at, offset: "2", metadata: "half way, ½" }]);
  expect(await stands()).toEqual({ partition: 1, offset: 2, metadata: "half way, ½" });
  for (const metadata of ["½".repeat(2_049), 7 as unknown as string])
    await expect(consumer.commitOffsets([{ ...at, offset: 3, metadata }])).rejects.toMatchObject({
      ...{ code: "INVALID_ARGUMENT", message: expect.stringContaining("metadata of noted-1") as string },
    });
  await consumer.commitOffsets({
    topics: [{ topic: "noted", partitions: [{ partition: 1, offset: 3, metadata: null }] }],
  });
  expect(await stands()).toEqual({ partition: 1, offset: 3, metadata: "" });
  await consumer.disconnect();
});

test("the lag of a group at the edge, of which this device has read nothing; out of reach it says so", async () => {
  await written("behind");
  await admin.setOffsets({ ...EDGE, groupId: "slow", topic: "behind", partitions: [{ partition: 1, offset: 1 }] });
  const { memberId } = await joined("slow", "behind");
  expect(await admin.lag("slow", EDGE)).toMatchObject({
    ...{ groupId: "slow", status: "OK", lag: 3 },
    partitions: [
      { topic: "behind", partition: 0, committed: null, lag: 0, status: "OK", memberId, error: null },
      { topic: "behind", partition: 1, committed: 1, logEndOffset: 4, lag: 3, memberId, error: null },
    ],
  });
  // Where there is a url a server's groups are those of the edge, unless it says otherwise.
  expect(await admin.lag("slow")).toMatchObject({ lag: 3 });
  await expect(admin.lag("nobody", EDGE)).rejects.toMatchObject({ code: "GROUP_ID_NOT_FOUND" });
  await expect(admin.lag("slow", { coordinator: "device" })).rejects.toMatchObject({ code: "GROUP_ID_NOT_FOUND" });
  // On a page the device's groups are the default, and who has forgotten the word is told of it.
  await expect(admin.lag("slow", { coordinator: "device" })).rejects.toThrow(/this device.*'edge'/);
  await expect(admin.resetOffsets({ groupId: "slow", coordinator: "device", to: "latest" })).rejects.toMatchObject({
    code: "GROUP_ID_NOT_FOUND",
    message: expect.stringContaining("'edge'") as string,
  });
  proxy.cut();
  await expect(admin.lag("slow", EDGE)).rejects.toMatchObject({ code: "NETWORK_EXCEPTION", retriable: true });
});

test("what a consumer does is seen: its place in the group, its lag, and that nothing is set while it runs", async () => {
  await written("worked");
  const consumer = client.consumer({ groupId: "workers" });
  await consumer.subscribe({ topic: "worked", fromBeginning: true });
  const gate = Promise.withResolvers<void>();
  await consumer.run({
    autoCommitThreshold: 1,
    eachMessage: async ({ message }) => {
      if (message.offset === 2) await gate.promise;
    },
  });
  const lagOf = async (): Promise<number> => (await admin.lag("workers")).lag;
  await expect.poll(lagOf, WITHIN).toBe(2);
  const { state, members: there } = await consumer.describeGroup();
  expect([state, there.length]).toEqual(["Stable", 1]);
  expect(there[0]?.memberAssignment).toEqual([{ topic: "worked", partitions: [0, 1] }]);
  const { partitions } = await admin.lag("workers");
  expect(partitions.map(({ memberId }) => memberId)).toEqual([there[0]?.memberId, there[0]?.memberId]);
  expect(await refusalOf(admin.resetOffsets({ groupId: "workers", topic: "worked" }))).toMatchObject({
    code: "NON_EMPTY_GROUP",
  });
  gate.resolve();
  await expect.poll(lagOf, WITHIN).toBe(0);
  await consumer.disconnect();
  expect((await admin.describeGroups(["workers"])).groups).toMatchObject([{ state: "Empty", members: [] }]);
  expect((await admin.lag("workers")).partitions.map(({ memberId }) => memberId)).toEqual([null, null]);
  // Where it is set to go on the next consumer begins.
  await admin.resetOffsets({ groupId: "workers", topics: ["worked"], to: { timestamp: 25 } });
  const again = client.consumer({ groupId: "workers" });
  await again.subscribe({ topic: "worked" });
  const first = Promise.withResolvers<number>();
  await again.run({ eachMessage: ({ message }) => first.resolve(message.offset) });
  expect(await first.promise).toBe(2);
  await again.disconnect();
});
