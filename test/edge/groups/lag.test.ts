/** How far a group is behind: over its own route, and in the metrics, from commits that its members make. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import { PartitionObject } from "../../../edge/worker.ts";
import type { GroupLag } from "../../../shared/api/groups.ts";
import { readPrometheus } from "../../harness/prometheus.ts";
import { plainBatch, produceRun } from "../device.ts";
import { call, errorOf, newPlace, stubOf, type Place } from "../edge.ts";
import { evictGroup, Member, newGroup, pathOf } from "./group-lab.ts";

afterEach(() => void vi.restoreAllMocks());

const BEGIN = Date.UTC(2040, 0, 1);
const OFTEN = { interval: 40 };

function at(seconds: number): void {
  vi.spyOn(Date, "now").mockReturnValue(BEGIN + seconds * 1_000);
}

async function lagOf(group: string): Promise<GroupLag> {
  const response = await call(pathOf(group, "/lag"));
  if (response.status !== 200) throw new Error(await response.text());
  return await response.json();
}

async function append(place: Place, ...values: readonly string[]): Promise<void> {
  await produceRun(place, plainBatch(values));
}

async function memberOf(place: Place, group = newGroup()): Promise<Member> {
  const member = new Member(group, { topics: [place.name], sessionTimeoutMs: 300_000 });
  await member.settle();
  return member;
}

test("of each partition its offsets, its rate, its owner and its status; of the group the worst", async () => {
  at(0);
  const place = await newPlace({ "retention.ms": "-1" }, 2);
  const { name, topicId } = place;
  await append(place, "a", "b", "c", "d");
  const member = await memberOf(place);
  const { group, memberId } = member;
  const idle = {
    ...{ topic: name, topicId, partition: 1, logStartOffset: 0, logEndOffset: 0, committed: null },
    ...{ lag: 0, rate: null, timeLagMs: 0, memberId, status: "OK", error: null },
  };
  // It has committed nothing yet: all that the log holds is to be handled.
  at(2);
  expect(await lagOf(group)).toEqual({
    ...{ groupId: group, status: "OK", lag: 4, timeLagMs: 2_000 },
    partitions: [{ ...idle, partition: 0, logEndOffset: 4, lag: 4, timeLagMs: 2_000 }, idle],
  });
  expect(await member.commit(topicId, 0, 1)).toBe("ok");
  await append(place, "e");
  at(4);
  expect(await member.commit(topicId, 0, 2)).toBe("ok");
  await append(place, "f", "g");
  expect(await lagOf(group)).toMatchObject({
    ...{ status: "WARNING", lag: 5, timeLagMs: 4_000 },
    partitions: [{ logEndOffset: 7, committed: 2, lag: 5, rate: 0.5, memberId, status: "WARNING" }, { status: "OK" }],
  });
  await evictGroup(group);
  expect((await lagOf(group)).partitions[0]).toMatchObject({ memberId, committed: 2 });
  // Who has left owns nothing, whatever the partition was told last.
  await member.leave();
  expect((await lagOf(group)).partitions.map((one) => one.memberId)).toEqual([null, null]);
  at(90);
  expect(await lagOf(group)).toMatchObject({ status: "STOPPED", lag: 5, partitions: [{ status: "STOPPED" }, {}] });
});

test("a partition that cannot be asked carries its error, is never called OK, and hides nothing that is worse", async () => {
  vi.spyOn(console, "warn").mockReturnValue();
  at(0);
  const place = await newPlace({ "retention.ms": "-1" }, 2);
  await append(place, "a", "b", "c");
  const { group } = await memberOf(place);
  const standing = Object.getOwnPropertyDescriptor(PartitionObject.prototype, "groupStanding")
    ?.value as PartitionObject["groupStanding"];
  const asked = async (broken: readonly number[]): Promise<GroupLag> => {
    vi.spyOn(PartitionObject.prototype, "groupStanding").mockImplementation(async function (
      this: PartitionObject,
      ...args: Parameters<typeof standing>
    ) {
      const answer = await standing.apply(this, args);
      const partition = answer.ok && answer.value.highWatermark > 0 ? 0 : 1;
      if (broken.includes(partition)) throw new Error("the partition is gone");
      return answer;
    });
    return await lagOf(group);
  };
  const told = { status: null, memberId: null, lag: 0, error: { code: "KAFKA_STORAGE_ERROR", retriable: true } };
  expect(await asked([1])).toMatchObject({ status: null, lag: 3, partitions: [{ status: "OK" }, told] });
  expect(await asked([0, 1])).toMatchObject({ status: null, lag: 0, partitions: [told, told] });
  at(100);
  expect(await asked([1])).toMatchObject({ status: "STOPPED", lag: 3, partitions: [{ status: "STOPPED" }, told] });
});

test("of a group without topics nothing, of one that nobody knows an error; a deleted topic is no lag", async () => {
  const bare = new Member(newGroup());
  await bare.settle();
  expect(await lagOf(bare.group)).toEqual({ groupId: bare.group, status: "OK", lag: 0, timeLagMs: 0, partitions: [] });
  expect(await errorOf(await call(pathOf(newGroup(), "/lag")))).toMatchObject({
    ...{ status: 404, code: "GROUP_ID_NOT_FOUND" },
  });
  const place = await newPlace();
  await append(place, "a");
  const { group } = await memberOf(place);
  expect((await lagOf(group)).partitions).toHaveLength(1);
  await call(`/v1/topics/${place.name}`, { method: "DELETE" });
  expect((await lagOf(group)).partitions).toEqual([]);
});

test("32 partitions are asked at once, and no more", async () => {
  const place = await newPlace({}, 70);
  const { group } = await memberOf(place);
  const standing = Object.getOwnPropertyDescriptor(PartitionObject.prototype, "groupStanding")
    ?.value as PartitionObject["groupStanding"];
  let now = 0;
  let most = 0;
  let asked = 0;
  const full = Promise.withResolvers<void>();
  vi.spyOn(PartitionObject.prototype, "groupStanding").mockImplementation(async function (
    this: PartitionObject,
    ...args: Parameters<typeof standing>
  ) {
    asked += 1;
    now += 1;
    most = Math.max(most, now);
    if (now === 32) full.resolve();
    await full.promise;
    now -= 1;
    return await standing.apply(this, args);
  });
  expect((await lagOf(group)).partitions.map(({ partition }) => partition)).toEqual(
    Array.from({ length: 70 }, (_, index) => index),
  );
  expect([asked, most]).toEqual([70, 32]);
});

const LAGS = ["group_lag", "group_time_lag_seconds", "group_status"];

async function scraped(place: Place, group: string): Promise<readonly (number | undefined)[]> {
  const families = readPrometheus(await (await call("/metrics")).text());
  const labels = `topic="${place.name}",partition="${place.partition}",group="${group}"`;
  return LAGS.map((name) => families.get(`strandline_${name}`)?.samples.get(labels));
}

async function groupsInMetrics(group: string): Promise<readonly string[]> {
  const text = await (await call("/metrics")).text();
  return text.split("\n").filter((line) => line.includes(`group="${group}"`));
}

test("the metrics follow what members commit, wake no partition for it, and keep nothing of a group that is deleted", async () => {
  at(0);
  const first = await newPlace({ "retention.ms": "-1" }, 2);
  const second = { ...first, partition: 1 };
  const other = await newPlace({ "retention.ms": "-1" });
  await append(first, "a", "b", "c");
  await append(second, "d");
  await append(other, "e", "f");
  const member = new Member(newGroup(), { topics: [first.name, other.name] });
  const { group } = member;
  await member.settle();
  expect(await member.commit(first.topicId, 0, 1)).toBe("ok");
  expect(await member.commit(first.topicId, 1, 1)).toBe("ok");
  expect(await member.commit(other.topicId, 0, 0)).toBe("ok");
  await vi.waitFor(async () => {
    expect(await scraped(first, group)).toEqual([2, 0, 0]);
    expect(await scraped(second, group)).toEqual([0, 0, 0]);
    expect(await scraped(other, group)).toEqual([2, 0, 0]);
  }, OFTEN);
  for (const place of [first, second, other]) {
    await runInDurableObject(stubOf(place), () => undefined);
    await evictDurableObject(stubOf(place));
  }
  at(30);
  expect(await scraped(first, group)).toEqual([2, 30, 0]);
  at(90);
  expect(await scraped(first, group)).toEqual([2, 90, 3]);
  expect(await scraped(second, group)).toEqual([0, 0, 0]);
  // Nothing is there to be evicted where nothing was woken.
  for (const place of [first, second, other]) await expect(evictDurableObject(stubOf(place))).rejects.toThrow();
  // The next commit is told as well, of the partition that it woke.
  expect(await member.commit(first.topicId, 0, 3)).toBe("ok");
  await vi.waitFor(async () => expect(await scraped(first, group)).toEqual([0, 0, 0]), OFTEN);
  await member.leave();
  expect(await groupsInMetrics(group)).toHaveLength(9);
  expect((await call(pathOf(group), { method: "DELETE" })).status).toBe(204);
  await vi.waitFor(async () => expect(await groupsInMetrics(group)).toEqual([]), OFTEN);
});
