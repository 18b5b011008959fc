/** R19, R22, R27: what a partition's real object keeps of groups, however often it is evicted, and what that costs. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { LIMITS } from "../../shared/limits.ts";
import { seeded } from "../harness/seeded.ts";
import { addressOf, dump, restore, sql, within } from "./aged-log.ts";
import { breakWriteAfter } from "./broken-write.ts";
import { tablesOf } from "./controller.ts";
import { newDevice, plainBatch, produceRun } from "./device.ts";
import { call, evict, newPlace, stubOf, valuesOf, type Place } from "./edge.ts";
import { fetchOne } from "./fetcher.ts";
import { commit, fence, forget, standing, watchSql } from "./group-calls.ts";

const TEN_YEARS_MS = 10 * 365 * 86_400_000;

afterEach(() => void vi.restoreAllMocks());

/** With so many records. */
async function placeOf(records: number): Promise<Place> {
  const place = await newPlace({ "retention.ms": "-1" });
  await produceRun(place, plainBatch(Array.from({ length: records }, (_, index) => `${index}`)));
  return place;
}

describe("a fence", () => {
  test("is written before it is answered: after an eviction the older owner's commits are refused", async () => {
    const place = await placeOf(5);
    expect(await fence(place)).toEqual({ fenced: true, held: { incarnation: 1, epoch: 1 }, committed: null });
    expect(await commit(place, { offset: 2, metadata: "two" })).toMatchObject({ offset: 2, metadata: "two" });
    await evict(place);
    const answer = await fence(place, { epoch: 2, memberId: "b" });
    expect(answer).toMatchObject({ fenced: true, held: { epoch: 2 }, committed: { offset: 2, metadata: "two" } });
    await evict(place);
    expect(await commit(place, { commit: 9, offset: 5 })).toBe("FENCED_MEMBER_EPOCH");
    expect(await fence(place)).toMatchObject({ fenced: false, held: { epoch: 2 } });
    expect(await commit(place, { memberId: "b", memberEpoch: 2, offset: 3 })).toMatchObject({ offset: 3 });
    expect(await standing(place)).toMatchObject({ memberId: "b", committed: { offset: 3 }, lag: 2, highWatermark: 5 });
  });

  test("of another incarnation begins anew, and an old one's goodbye does not touch it", async () => {
    const place = await placeOf(5);
    await fence(place, { epoch: 40 });
    await commit(place, { memberEpoch: 40, offset: 4 });
    expect(await fence(place, { incarnation: 2 })).toMatchObject({ fenced: true, committed: null });
    expect(await fence(place, { epoch: 41 })).toMatchObject({ fenced: false, held: { incarnation: 2, epoch: 1 } });
    await commit(place, { offset: 1 });
    await forget(place, "g", 1);
    await evict(place);
    expect(await standing(place)).toMatchObject({ memberId: "a", committed: { offset: 1 } });
    await forget(place, "g", 2);
    await forget(place, "g", 2);
    expect(await standing(place)).toMatchObject({ memberId: null, committed: null, lag: 5 });
    expect(await commit(place, { commit: 9, offset: 2 })).toBe("UNKNOWN_MEMBER_ID");
  });

  test("resets the offset of an empty group, within the log", async () => {
    const place = await placeOf(5);
    await fence(place);
    await commit(place, { offset: 4 });
    const reset = async (epoch: number, offset: number | null): Promise<unknown> =>
      await fence(place, { epoch, memberId: null, reset: offset === null ? null : { offset, metadata: "reset" } });
    await expect(reset(2, 6)).rejects.toMatchObject({ code: "OFFSET_OUT_OF_RANGE", details: { highWatermark: 5 } });
    expect(await commit(place, { commit: 2, offset: 5 })).toMatchObject({ offset: 5 });
    expect(await reset(2, 1)).toMatchObject({ committed: { offset: 1, metadata: "reset", leaderEpoch: null } });
    expect(await commit(place, { commit: 3, offset: 5 })).toBe("UNKNOWN_MEMBER_ID");
    expect(await reset(3, null)).toMatchObject({ fenced: true, committed: null });
  });
});

describe("commits", () => {
  test("that change places on their way: the later one counts, and both are told of it", async () => {
    const place = await placeOf(9);
    await fence(place);
    const [second, first] = await Promise.all([
      commit(place, { commit: 2, offset: 8 }),
      commit(place, { commit: 1, offset: 4 }),
    ]);
    expect([second, first]).toEqual([expect.objectContaining({ offset: 8 }), second]);
    await evict(place);
    expect(await commit(place, { commit: 1, offset: 4 })).toEqual(second);
    expect(await standing(place)).toMatchObject({ committed: { offset: 8 } });
  });

  test("are refused by code, and nothing is changed", async () => {
    const place = await placeOf(5);
    await fence(place, { epoch: 3 });
    const before = await dump(place);
    expect(await commit(place, { group: "other" })).toBe("UNKNOWN_MEMBER_ID");
    expect(await commit(place, { memberEpoch: 2 })).toBe("STALE_MEMBER_EPOCH");
    expect(await commit(place, { memberEpoch: 3, memberId: "b" })).toBe("FENCED_MEMBER_EPOCH");
    expect(await commit(place, { memberEpoch: 3, offset: 6 })).toBe("OFFSET_OUT_OF_RANGE");
    const metadata = "x".repeat(LIMITS.offsetMetadataBytesMax + 1);
    expect(await commit(place, { memberEpoch: 3, metadata })).toBe("OFFSET_METADATA_TOO_LARGE");
    expect(await dump(place)).toEqual(before);
  });

  test("R21 of what was read from a log that went back are told where, also once it has grown past them", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    await device.send(device.batch("a"));
    await fence(place);
    await commit(place, { offset: 1 });
    const copy = await dump(place);
    await device.send(device.batch("b", "c"));
    const { leaderEpoch } = await fetchOne(place);
    expect(await commit(place, { commit: 2, offset: 3, leaderEpoch })).toMatchObject({ offset: 3, leaderEpoch });
    await restore(place, copy);
    // With the log what was committed of it has gone back.
    expect(await standing(place)).toMatchObject({ committed: { offset: 1 }, highWatermark: 1, lag: 0 });
    expect(await commit(place, { commit: 3, offset: 3, leaderEpoch })).toBe("TRUNCATED");
    const other = await newDevice(place);
    await other.send(other.batch("x", "y", "z"));
    const refused = await stubOf(place).commitOffset(addressOf(place), {
      ...{ group: "g", memberId: "a", memberEpoch: 1, commit: 4, offset: 3, metadata: "" },
      leaderEpoch,
    });
    expect(refused).toMatchObject({ ok: false, error: { code: "TRUNCATED", divergence: 1, group: "g" } });
    expect(await commit(place, { commit: 5, offset: 1, leaderEpoch })).toMatchObject({ offset: 1 });
  });

  test("that the disk refuses are not there afterwards, and may be sent again", async () => {
    const place = await placeOf(5);
    await fence(place);
    await commit(place, { offset: 1 });
    let fired = (): boolean => false;
    await within(place, (_, { storage }) => void (fired = breakWriteAfter(storage.sql, 0)));
    vi.spyOn(console, "error").mockReturnValue();
    const attempts = [await commit(place, { commit: 2, offset: 2 }), await commit(place, { commit: 2, offset: 2 })];
    expect([fired(), attempts[0]]).toEqual([true, "KAFKA_STORAGE_ERROR"]);
    expect(attempts[1]).toMatchObject({ offset: 2 });
    await evict(place);
    expect(await standing(place)).toMatchObject({ committed: { offset: 2 } });
  });
});

describe("the cost", () => {
  test("of a fence and of a commit is one row, of what was so already none", async () => {
    const place = await placeOf(30);
    const watched = await watchSql(place);
    const costs: number[] = [];
    const costOf = async (act: () => Promise<unknown>): Promise<void> => {
      const before = watched().rowsWritten;
      await act();
      costs.push(watched().rowsWritten - before);
    };
    await costOf(async () => await fence(place));
    for (let step = 1; step <= 20; step += 1)
      await costOf(async () => await commit(place, { commit: step, offset: step, metadata: "m".repeat(4_096) }));
    await costOf(async () => await fence(place, { epoch: 2, memberId: "b" }));
    await costOf(async () => await fence(place, { epoch: 2, memberId: "b" }));
    await costOf(async () => await commit(place, { commit: 99, offset: 30 }));
    await costOf(async () => await standing(place));
    await costOf(async () => await forget(place, "g", 1));
    await costOf(async () => await forget(place, "g", 1));
    expect(costs).toEqual([...Array.from({ length: 21 }, () => 1), 1, 0, 0, 0, 1, 0]);
  });

  test("of a thousand groups is none to those who append and read, and none of them stays in memory", async () => {
    const place = await placeOf(5);
    const groups = Array.from({ length: 1_000 }, (_, index) => `g${index}`);
    const watched = await watchSql(place);
    await Promise.all(groups.map(async (group) => await fence(place, { group })));
    const offsets = await Promise.all(groups.map(async (group) => await commit(place, { group, offset: 3 })));
    expect(new Set(offsets.map((one) => (typeof one === "string" ? one : one.offset)))).toEqual(new Set([3]));
    expect(watched().rowsWritten).toBe(2_000);
    await evict(place);
    const after = await watchSql(place);
    await produceRun(place, plainBatch(["more"]));
    expect(await valuesOf(place)).toHaveLength(6);
    expect(await commit(place, { group: "g500", commit: 2, offset: 4 })).toMatchObject({ offset: 4 });
    // What is reported is a look at the first few.
    const looks = after().queries.filter((query) => query.includes("groups") && !query.includes("LIMIT"));
    expect(looks.map((query) => query.slice(0, 6))).toEqual(["SELECT", "INSERT"]);
    expect(await standing(place, "g999")).toMatchObject({ committed: { offset: 3 }, lag: 3 });
  });
});

/** The same steps, drawn from a seed; after those that `evicts` says the object is forgotten. */
async function played(evicts: (step: number) => boolean, now?: (step: number) => number): Promise<unknown[]> {
  const place = await placeOf(20);
  const random = seeded(6);
  const below = (end: number): number => Math.floor(random() * end);
  const seen: unknown[] = [];
  for (let step = 0; step < 60; step += 1) {
    if (now !== undefined) vi.spyOn(Date, "now").mockReturnValue(now(step));
    const memberId = ["a", "b"][below(2)] as string;
    const incarnation = 1 + Math.floor(step / 30);
    const epoch = Math.floor(step / 6) + below(2);
    const order = { commit: step - below(3), offset: below(30) };
    if (below(4) === 0) {
      const { fenced, held, committed } = await fence(place, { incarnation, epoch, memberId });
      seen.push([fenced, held, committed?.offset]);
    } else {
      const answer = await commit(place, { memberId, memberEpoch: epoch, ...order });
      seen.push(typeof answer === "string" ? answer : answer.offset);
    }
    if (evicts(step)) await evict(place);
  }
  const { committed, memberId, lag } = await standing(place);
  return [...seen, committed?.offset, memberId, lag];
}

test("R19 R22 R27 evictions at every step and jumps of the clock cannot be seen in what was accepted", async () => {
  const calm = await played(() => false);
  for (const outcome of ["STALE_MEMBER_EPOCH", "FENCED_MEMBER_EPOCH", "OFFSET_OUT_OF_RANGE"])
    expect(calm).toContain(outcome);
  expect(calm.filter((one) => typeof one === "number").length).toBeGreaterThan(10);
  expect(await played(() => true)).toEqual(calm);
  const begin = Date.UTC(2040, 0, 1);
  const jumping = await played(
    (step) => step % 5 === 0,
    (step) => begin + (((step * 7) % 3) - 1) * TEN_YEARS_MS,
  );
  expect(jumping).toEqual(calm);
});

test("a partition that the version before has written gets the table, and keeps what it has", async () => {
  const place = await placeOf(3);
  await sql(place, "DROP TABLE groups");
  await sql(place, "UPDATE meta SET version = 4");
  await evict(place);
  expect(await fence(place)).toMatchObject({ fenced: true });
  expect(await commit(place, { offset: 3 })).toMatchObject({ offset: 3 });
  await evict(place);
  expect(await sql(place, "SELECT version FROM meta")).toEqual([{ version: 5 }]);
  expect(await valuesOf(place)).toEqual(["0", "1", "2"]);
  expect(await standing(place)).toMatchObject({ committed: { offset: 3 }, lag: 0 });
});

test("R23 offsets do not grow old at the partition, however often its alarm comes", async () => {
  const place = await newPlace({ "retention.ms": "600000" });
  const now = vi.spyOn(Date, "now").mockReturnValue(Date.UTC(2040, 0, 1));
  await produceRun(place, plainBatch(["a", "b"]));
  await fence(place);
  await commit(place, { offset: 1 });
  const kept = await sql(place, "SELECT * FROM groups");
  now.mockReturnValue(Date.UTC(2050, 0, 1));
  for (let turn = 0; turn < 3; turn += 1) {
    await within(place, async (object) => await object.alarm());
    await vi.waitFor(async () => expect(await sql(place, "SELECT base_offset FROM runs")).toEqual([]));
    expect(await sql(place, "SELECT * FROM groups")).toEqual(kept);
  }
  await evict(place);
  expect(await standing(place)).toMatchObject({ logStartOffset: 2, committed: { offset: 1 }, lag: 0, status: "OK" });
  expect(await commit(place, { commit: 2, offset: 2 })).toMatchObject({ offset: 2 });
});

test("groups go with their topic, and one that is gone is told so", async () => {
  const place = await placeOf(3);
  await fence(place);
  await call(`/v1/topics/${place.name}`, { method: "DELETE" });
  expect(await tablesOf(place)).toEqual([]);
  await expect(fence(place, { epoch: 2 })).rejects.toMatchObject({ code: "UNKNOWN_TOPIC_ID" });
  expect(await commit(place, { offset: 1 })).toBe("UNKNOWN_TOPIC_ID");
  await expect(standing(place)).rejects.toMatchObject({ code: "UNKNOWN_TOPIC_ID" });
  await expect(forget(place, "g", 1)).rejects.toMatchObject({ code: "UNKNOWN_TOPIC_ID" });
  expect(await tablesOf(place)).toEqual([]);
});
