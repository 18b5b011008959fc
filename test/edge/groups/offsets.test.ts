/** Offsets of groups: commits in any order, of nobody, listings, resets with and without a dry run, and deletion. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { PartitionObject } from "../../../edge/worker.ts";
import type { CommittedOffsets, GroupOffsets, OffsetsReset, ResetOffsets } from "../../../shared/api/groups.ts";
import type { ErrorBody } from "../../../shared/strandline-error.ts";
import { newDevice } from "../device.ts";
import { call, errorOf, newPlace, type Place } from "../edge.ts";
import { fetchOne } from "../fetcher.ts";
import { evictGroup, Member, newGroup, pathOf, runGroupAlarm } from "./group-lab.ts";

afterEach(() => void vi.restoreAllMocks());

/** Two partitions, the first one with ten records of the times 1,000, 2,000 … 10,000. */
async function written(): Promise<Place> {
  const place = await newPlace({}, 2);
  const device = await newDevice(place);
  for (let at = 1; at <= 10; at += 1) await device.send(device.batch(`${at}`));
  return place;
}

async function offsetsOf(group: string): Promise<(number | null)[]> {
  const response = await call(pathOf(group, "/offsets"));
  expect(response.status).toBe(200);
  const { offsets }: GroupOffsets = await response.json();
  return offsets.map(({ committed, error }) => {
    expect(error).toBeNull();
    return committed?.offset ?? null;
  });
}

/** Of nobody. */
async function put(group: string, place: Place, offset: number, metadata = ""): Promise<ErrorBody | null> {
  const json = {
    ...{ memberId: null, memberEpoch: 0, commit: 0 },
    offsets: [{ topicId: place.topicId, partition: 0, offset, metadata }],
  };
  const response = await call(pathOf(group, "/offsets"), { json });
  if (!response.ok) return await errorOf(response);
  const { offsets }: CommittedOffsets = await response.json();
  return offsets[0]?.error ?? null;
}

async function reset(group: string, json: ResetOffsets): Promise<OffsetsReset["offsets"]> {
  const response = await call(pathOf(group, "/offsets/reset"), { json });
  if (!response.ok) throw new Error(await response.text());
  return ((await response.json()) as OffsetsReset).offsets;
}

test("R19 commits that come late, twice or of somebody else change nothing", async () => {
  const place = await written();
  const { topicId } = place;
  const group = newGroup();
  const [first, second] = [0, 1].map(() => new Member(group, { topics: [place.name] })) as [Member, Member];
  await first.settle();
  expect(await first.commit(topicId, 0, 5, { commit: 7 })).toBe("ok");
  expect(await first.commit(topicId, 0, 5, { commit: 7 })).toBe("ok");
  expect(await first.commit(topicId, 0, 3, { commit: 6 })).toBe("ok");
  expect(await offsetsOf(group)).toEqual([5, null]);
  expect(await first.commit(topicId, 0, 11, { commit: 8 })).toBe("OFFSET_OUT_OF_RANGE");
  const long = [{ topicId, partition: 0, offset: 6, metadata: "x".repeat(4_097) }];
  expect(await first.commit(topicId, 0, 6, { commit: 8, offsets: long })).toBe("OFFSET_METADATA_TOO_LARGE");
  expect(await first.commit(topicId, 9, 0, { commit: 8 })).toBe("UNKNOWN_TOPIC_OR_PARTITION");
  const before = first.memberEpoch;
  await second.settle([first]);
  const [owner, other] = first.owned.has(`${topicId}:0`) ? [first, second] : [second, first];
  expect(await other.commit(topicId, 0, 9, { commit: 99 })).toBe("FENCED_MEMBER_EPOCH");
  expect(await owner.commit(topicId, 1, 0, { commit: 100 })).toBe("FENCED_MEMBER_EPOCH");
  await owner.leave();
  await other.settle();
  expect(await other.commit(topicId, 0, 9, { commit: 101, memberEpoch: before })).toBe("STALE_MEMBER_EPOCH");
  expect(await other.commit(topicId, 0, 9, { commit: 101 })).toBe("ok");
  expect(await owner.commit(topicId, 0, 8, { commit: 102 })).toBe("FENCED_MEMBER_EPOCH");
  expect(await offsetsOf(group)).toEqual([9, null]);
  expect(await put(group, place, 0)).toMatchObject({ code: "NON_EMPTY_GROUP" });
  await other.leave();
  expect(await put(group, place, 4, "by hand")).toBeNull();
  expect(await put(group, place, 11)).toMatchObject({ code: "OFFSET_OUT_OF_RANGE" });
  expect(await other.commit(topicId, 0, 8, { commit: 103 })).toBe("UNKNOWN_MEMBER_ID");
  const third = new Member(group, { topics: [place.name] });
  await third.settle();
  expect(third.owned.get(`${topicId}:0`)).toMatchObject({ offset: 4, metadata: "by hand" });
});

test("what nobody's commit says of the log that it was read from is kept, and heeded", async () => {
  const place = await written();
  const group = newGroup();
  const { leaderEpoch } = await fetchOne(place);
  const committing = async (counter: number): Promise<unknown> => {
    const read = { ...leaderEpoch, counter };
    const json = {
      ...{ memberId: null, memberEpoch: 0, commit: 0 },
      offsets: [{ topicId: place.topicId, partition: 0, offset: 3, leaderEpoch: read }],
    };
    return await (await call(pathOf(group, "/offsets"), { json })).json();
  };
  expect(await committing(leaderEpoch?.counter ?? 0)).toMatchObject({ offsets: [{ error: null }] });
  expect(await committing((leaderEpoch?.counter ?? 0) + 1)).toMatchObject({
    offsets: [{ error: { code: "TRUNCATED" } }],
  });
  const told: GroupOffsets = await (await call(pathOf(group, "/offsets"))).json();
  expect(told.offsets[0]?.committed).toMatchObject({ offset: 3, leaderEpoch });
});

describe("a reset", () => {
  test("goes where it is told to, tells it before, and only while nobody is there", async () => {
    const place = await written();
    const group = newGroup();
    const topics = [place.name];
    expect(await put(group, place, 5)).toBeNull();
    const first = (to: ResetOffsets["to"]): Promise<OffsetsReset["offsets"]> =>
      reset(group, { topics, to, dryRun: true });
    const told = async (to: ResetOffsets["to"]): Promise<unknown> => (await first(to))[0]?.to;
    expect(await told("earliest")).toBe(0);
    expect(await told("latest")).toBe(10);
    expect(await told({ shift: -2 })).toBe(3);
    expect(await told({ shift: 99 })).toBe(10);
    expect(await told({ timestamp: Number.MAX_SAFE_INTEGER })).toBe(10);
    expect(await told({ timestamp: 0 })).toBe(0);
    expect((await first({ shift: 1 }))[1]).toMatchObject({ from: null, to: null, error: { code: "INVALID_REQUEST" } });
    expect(await offsetsOf(group)).toEqual([5, null]);
    const exact = (offset: number | null): ResetOffsets["to"] => ({
      offsets: [{ topic: place.name, partition: 0, offset }],
    });
    expect(await reset(group, { to: exact(11) })).toMatchObject([{ to: null, error: { code: "OFFSET_OUT_OF_RANGE" } }]);
    expect(await reset(group, { to: exact(7) })).toMatchObject([{ from: 5, to: 7, error: null }]);
    expect(await reset(group, { topics, to: "latest" })).toMatchObject([
      { from: 7, to: 10 },
      { from: null, to: 0 },
    ]);
    expect(await offsetsOf(group)).toEqual([10, 0]);
    expect(await reset(group, { to: exact(null) })).toMatchObject([{ from: 10, to: null, error: null }]);
    expect(await offsetsOf(group)).toEqual([null, 0]);
    expect(await reset(group, { to: "earliest" })).toMatchObject([{ to: 0 }, { to: 0 }]);
    const member = new Member(group, { topics });
    await member.settle();
    for (const dryRun of [true, false]) {
      const response = await call(pathOf(group, "/offsets/reset"), { json: { topics, to: "latest", dryRun } });
      expect(await errorOf(response)).toMatchObject({ status: 409, code: "NON_EMPTY_GROUP" });
    }
  });

  test("of a group that was deleted knows nothing of what it left at partitions that were not told", async () => {
    vi.spyOn(console, "warn").mockReturnValue();
    const place = await written();
    const group = newGroup();
    await put(group, place, 5);
    vi.spyOn(PartitionObject.prototype, "forgetGroup").mockRejectedValue(new Error("gone"));
    expect((await call(pathOf(group), { method: "DELETE" })).status).toBe(204);
    const [first] = await reset(group, { topics: [place.name], to: { shift: 1 } });
    expect(first).toMatchObject({ from: null, to: null, error: { code: "INVALID_REQUEST" } });
  });

  test("of a topic that is named twice is made once", async () => {
    const place = await written();
    const group = newGroup();
    await put(group, place, 5);
    const topics = [place.name, place.name];
    expect(await reset(group, { topics, to: { shift: 1 } })).toMatchObject([{ from: 5, to: 6 }, { from: null }]);
    expect(await offsetsOf(group)).toEqual([6, null]);
  });

  test.each([
    ["of a group that nobody knows", { to: "latest" }, "GROUP_ID_NOT_FOUND"],
    ["of a topic that is not there", { topics: ["nowhere"], to: "latest" }, "UNKNOWN_TOPIC_OR_PARTITION"],
    ["of a topic that cannot be", { topics: ["no/topic"], to: "latest" }, "INVALID_TOPIC_EXCEPTION"],
    [
      "that says twice what it means",
      { topics: ["a"], to: { offsets: [{ topic: "a", partition: 0, offset: 0 }] } },
      "INVALID_REQUEST",
    ],
  ])("%s", async (_what, json, code) => {
    expect(await errorOf(await call(pathOf(newGroup(), "/offsets/reset"), { json }))).toMatchObject({ code });
  });
});

describe("a deletion", () => {
  test("takes the offsets with it, only while nobody is there, and is no more then", async () => {
    const place = await written();
    const group = newGroup();
    const remove = async (): Promise<Response> => await call(pathOf(group), { method: "DELETE" });
    expect(await errorOf(await remove())).toMatchObject({ status: 404, code: "GROUP_ID_NOT_FOUND" });
    const member = new Member(group, { topics: [place.name] });
    await member.settle();
    await member.commit(place.topicId, 0, 5);
    expect(await errorOf(await remove())).toMatchObject({ status: 409, code: "NON_EMPTY_GROUP" });
    await member.leave();
    expect((await remove()).status).toBe(204);
    for (const path of ["", "/offsets"])
      expect(await errorOf(await call(pathOf(group, path)))).toMatchObject({ code: "GROUP_ID_NOT_FOUND" });
    const again = new Member(group, { topics: [place.name] });
    await again.settle();
    expect(again.owned.get(`${place.topicId}:0`)).toBeNull();
  });

  test("R23 partitions that cannot be reached are told by the alarm, and a group that is made again meanwhile is another", async () => {
    vi.spyOn(console, "warn").mockReturnValue();
    const place = await written();
    const group = newGroup();
    await put(group, place, 5);
    const broken = vi.spyOn(PartitionObject.prototype, "forgetGroup").mockRejectedValue(new Error("gone"));
    expect((await call(pathOf(group), { method: "DELETE" })).status).toBe(204);
    expect(broken.mock.calls.length).toBeGreaterThan(0);
    await evictGroup(group);
    for (let failed = 0; failed < 9; failed += 1) expect(await runGroupAlarm(group)).toBe(true);
    // What the former one left at the partition is nobody's.
    const member = new Member(group, { topics: [place.name] });
    await member.settle();
    expect(member.owned.get(`${place.topicId}:0`)).toBeNull();
    expect(await member.commit(place.topicId, 0, 2)).toBe("ok");
    broken.mockRestore();
    expect(await runGroupAlarm(group)).toBe(true);
    expect(await offsetsOf(group)).toEqual([2, null]);
  });
});
