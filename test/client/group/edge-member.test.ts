/** A member of a group at the edge, against the edge's real rules: how it joins, hands over, and hears that it is out. */
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ErrorCode } from "../../../shared/error-table.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import { GroupLab } from "./group-lab.ts";

let lab: GroupLab;
beforeEach(() => (lab = new GroupLab()));
afterEach(async () => await lab.close());

test("two members share the partitions, and what the first lets go of goes on where it committed", async () => {
  const a = await lab.tab();
  await lab.owning(a, 0, 1, 2, 3);
  expect(await lab.during(a.commit([0, 5], [1, 6], [2, 7], [3, 8]))).toEqual([]);
  const b = await lab.tab();
  await lab.clock.until("half each", () => a.owned.length === 2 && b.owned.length === 2);
  for (const partition of b.owned) expect(await b.member.position(b.of(partition))).toEqual({ offset: 5 + partition });
  expect([...a.owned, ...b.owned].toSorted((one, other) => one - other)).toEqual([0, 1, 2, 3]);
});

test("a member names itself with 16 random bytes, and goes by the id that it was given", async () => {
  const device = lab.device();
  const tab = await lab.tab({ device });
  await lab.owning(tab, 0, 1, 2, 3);
  await lab.clock.advance(10_000);
  const ids = device.said.map(({ body }) => body.memberId ?? "");
  expect(ids[0]).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(new Set(ids.slice(1))).toEqual(new Set([`${ids[0]}.mac`]));
  expect(tab.member.memberId).toBe(`${ids[0]}.mac`);
  expect(tab.heartbeats.length).toBeGreaterThan(1);
});

test("a join whose answer is lost is the same join when it is repeated", async () => {
  const device = lab.device();
  device.fault = () => (lab.group.joins < 2 ? "lost" : null);
  const tab = await lab.tab({ device });
  await lab.owning(tab, 0, 1, 2, 3);
  expect(lab.group.joins).toBe(3);
  expect(lab.group.members).toBe(1);
});

test("a grant whose answer is lost is told again, with the offset", async () => {
  const a = await lab.tab();
  await lab.owning(a, 0, 1, 2, 3);
  await lab.during(a.commit([0, 5], [1, 5], [2, 5], [3, 5]));
  const device = lab.device();
  let lost = 0;
  device.fault = ({ kind, body }) =>
    kind === "heartbeat" && "owned" in body && body.memberEpoch > 0 && (lost += 1) < 4 ? "lost" : null;
  const b = await lab.tab({ device });
  await lab.clock.until("half each", () => a.owned.length === 2 && b.owned.length === 2, 120_000);
  for (const partition of b.owned) expect(await b.member.position(b.of(partition))).toEqual({ offset: 5 });
});

test("what is to be let go of is leaving until it is released, and another has it one heartbeat later", async () => {
  const a = await lab.tab({ releases: false });
  await lab.owning(a, 0, 1, 2, 3);
  const b = await lab.tab();
  await lab.clock.until("told to let go", () => a.leaving.length === 2);
  await lab.clock.advance(20_000);
  expect(b.owned).toEqual([]);
  const [left = -1, right = -1] = a.leaving;
  expect(await lab.during(a.commit([left, 9]))).toEqual([]);
  a.release();
  await lab.owning(b, ...[left, right].toSorted((one, other) => one - other));
  expect(await b.member.position(b.of(left))).toEqual({ offset: 9 });
});

test("what is not let go of in time is lost, and nothing else of the member", async () => {
  const a = await lab.tab({ releases: false });
  await lab.owning(a, 0, 1, 2, 3);
  const b = await lab.tab();
  await lab.clock.until("told to let go", () => a.leaving.length === 2);
  const leaving = a.leaving.map((partition) => a.of(partition));
  const before = a.member.memberId;
  await lab.clock.until("it has them", () => b.owned.length === 2, 90_000);
  expect(leaving.map(({ state }) => state)).toEqual(["lost", "lost"]);
  expect(a.owned).toHaveLength(2);
  expect(a.member.memberId).toBe(before);
});

test("a member that closes leaves at once; its partitions go to the other", async () => {
  const a = await lab.tab();
  await lab.owning(a, 0, 1, 2, 3);
  const b = await lab.tab();
  await lab.clock.until("half each", () => a.owned.length === 2 && b.owned.length === 2);
  await lab.during(a.close());
  expect(lab.group.members).toBe(1);
  await lab.owning(b, 0, 1, 2, 3);
});

test("a member that closes while it joins leaves nobody behind", async () => {
  const tab = await lab.tab();
  await lab.clock.advance(10);
  await lab.during(tab.close());
  await lab.clock.advance(2_000);
  expect(lab.group.joins).toBe(1);
  expect(lab.group.members).toBe(0);
});

test("a killed member's partitions go on behind what it committed once its session is over", async () => {
  const device = lab.device();
  const a = await lab.tab({ device });
  await lab.owning(a, 0, 1, 2, 3);
  await lab.during(a.commit([2, 33]));
  const b = await lab.tab();
  await lab.clock.until("half each", () => a.owned.length === 2 && b.owned.length === 2);
  device.online = false;
  await lab.owning(b, 0, 1, 2, 3);
});

for (const code of ["UNKNOWN_MEMBER_ID", "FENCED_MEMBER_EPOCH", "FENCED_INSTANCE_ID"] as const)
  test(`${code}: all is lost at once, and it joins again under another name`, async () => {
    const device = lab.device();
    const tab = await lab.tab({ device });
    await lab.owning(tab, 0, 1, 2, 3);
    const { memberId } = tab.member;
    const owned = [...tab.member.owned()];
    let told = false;
    device.fault = ({ kind }) => {
      if (told || kind !== "heartbeat") return null;
      told = true;
      return { error: new StrandlineError(code, "") };
    };
    await lab.clock.until("lost", () => owned.every(({ state }) => state === "lost"));
    expect(tab.failures).toEqual([code]);
    await lab.clock.until("owns again", () => tab.owned.length === 4, 120_000);
    expect(tab.member.memberId).not.toBe(memberId);
    expect(await tab.member.commit(owned.map((of) => ({ of, offset: 1 as never })))).toHaveLength(4);
    expect(lab.group.accepted).toEqual([]);
  });

test("a member that is thrown out again and again joins ever more rarely", async () => {
  const device = lab.device();
  device.fault = ({ kind, body }) =>
    kind === "heartbeat" && body.memberEpoch === 0 ? { error: new StrandlineError("FENCED_MEMBER_EPOCH", "") } : null;
  await lab.tab({ device });
  await lab.clock.advance(600_000);
  expect(device.said.length).toBeLessThan(80);
});

test("so does one that is thrown out whenever it has joined", async () => {
  const device = lab.device();
  device.fault = ({ kind, body }) =>
    kind === "heartbeat" && (body.memberEpoch ?? 0) > 0
      ? { error: new StrandlineError("FENCED_MEMBER_EPOCH", "") }
      : null;
  await lab.tab({ device });
  await lab.clock.advance(600_000);
  expect(lab.group.joins).toBeGreaterThan(3);
  expect(lab.group.joins).toBeLessThan(60);
});

const FINAL: readonly ErrorCode[] = [
  "GROUP_AUTHORIZATION_FAILED",
  "TOPIC_AUTHORIZATION_FAILED",
  "INVALID_GROUP_ID",
  "UNSUPPORTED_ASSIGNOR",
  "INVALID_SESSION_TIMEOUT",
  "INVALID_REGULAR_EXPRESSION",
];
for (const code of FINAL)
  test(`${code} ends it, on joining and later`, async () => {
    const device = lab.device();
    device.fault = () => ({ error: new StrandlineError(code, "") });
    const never = await lab.tab({ device });
    await lab.clock.advance(100_000);
    expect(never.failures).toEqual([`${code} for good`]);
    expect(device.said).toHaveLength(1);
    const other = lab.device();
    const later = await lab.tab({ device: other });
    await lab.owning(later, 0, 1, 2, 3);
    other.fault = ({ kind }) => (kind === "heartbeat" ? { error: new StrandlineError(code, "") } : null);
    await lab.clock.until("ended", () => later.failures.length > 0);
    expect([later.failures, later.owned]).toEqual([[`${code} for good`], []]);
    const said = other.said.length;
    await lab.clock.advance(100_000);
    expect(other.said).toHaveLength(said);
  });

for (const code of [
  "GROUP_MAX_SIZE_REACHED",
  "COORDINATOR_NOT_AVAILABLE",
  "UNKNOWN_SERVER_ERROR",
  "NETWORK_EXCEPTION",
] as const)
  test(`${code} is told once, and it tries again until it is in`, async () => {
    const device = lab.device();
    device.fault = () => (device.said.length < 5 ? { error: new StrandlineError(code, "") } : null);
    const tab = await lab.tab({ device });
    await lab.owning(tab, 0, 1, 2, 3);
    expect(tab.failures).toEqual([code]);
  });

test("an edge that asks to be left alone is, however often the page polls", async () => {
  const device = lab.device();
  const throttled = new StrandlineError("THROTTLING_QUOTA_EXCEEDED", "", { retryAfterMs: 30_000 });
  device.fault = () => (device.said.length === 0 ? { error: throttled } : null);
  const tab = await lab.tab({ device });
  await lab.clock.advance(29_000);
  expect(device.said).toHaveLength(1);
  await lab.owning(tab, 0, 1, 2, 3);
});

test("the next assignor is proposed where the edge does not know the first", async () => {
  const device = lab.device();
  const tab = await lab.tab({ device, group: { assignors: ["mine", "range"] } });
  await lab.owning(tab, 0, 1, 2, 3);
  expect([tab.failures, tab.member.protocol]).toEqual([[], "range"]);
});

test("a topic that the device does not know yet is asked for, and its partitions are owned once it is known", async () => {
  lab = new GroupLab(Array.from({ length: 66 }, () => 10));
  const tab = await lab.tab();
  await lab.clock.until("those that are known", () => tab.owned.length === 64);
  expect(tab.asked).toContain("t");
  await lab.learn(tab, 66);
  tab.member.subscribed();
  await lab.clock.until("all", () => tab.owned.length === 66);
});

test("the coordinator's eviction is not noticed", async () => {
  const a = await lab.tab();
  const b = await lab.tab();
  await lab.clock.until("half each", () => a.owned.length === 2 && b.owned.length === 2);
  const owned = [...a.member.owned(), ...b.member.owned()];
  for (let times = 0; times < 20; times += 1) {
    lab.group.evict();
    await lab.clock.advance(3_000);
  }
  expect([...a.member.owned(), ...b.member.owned()]).toEqual(owned);
  expect([a.failures, b.failures]).toEqual([[], []]);
});
