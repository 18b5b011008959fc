/** Tabs of a device with one instance id, one of which is frozen: it keeps its place for its session, and nothing longer. */
import { afterEach, beforeEach, expect, test } from "vitest";
import type { GroupHeartbeat } from "../../../shared/api/groups.ts";
import type { GroupDevice, GroupTab } from "../../sim/simulated-member.ts";
import { GroupLab } from "./group-lab.ts";

const SESSION_MS = 45_000;
const ALL = [0, 1, 2, 3];

let lab: GroupLab;
let device: GroupDevice;
beforeEach(() => {
  lab = new GroupLab();
  device = lab.device();
});
afterEach(async () => {
  for (const { freezer } of lab.tabs) freezer.thaw();
  await lab.close();
});

async function instance(): Promise<GroupTab> {
  return await lab.tab({ device, group: { instanceId: "i" } });
}

/** Of those that were sent to the edge. */
function joins(): GroupHeartbeat[] {
  return device.said.flatMap(({ kind, body }) => (kind === "heartbeat" && body.memberEpoch === 0 ? [body] : []));
}

test("a frozen tab keeps its instance for its session; thawed it hears that it is out, and waits for its turn", async () => {
  const frozen = await instance();
  await lab.owning(frozen, ...ALL);
  frozen.freezer.freeze();
  const frozenAt = lab.clock.now();
  const second = await instance();
  await lab.clock.advance(SESSION_MS - 10_000);
  // It has asked the edge itself by now, which alone knows.
  expect(joins().length).toBeGreaterThan(1);
  expect([second.owned, second.failures]).toEqual([[], ["UNRELEASED_INSTANCE_ID"]]);
  await lab.owning(second, ...ALL);
  expect(lab.clock.now() - frozenAt).toBeLessThan(2 * SESSION_MS);
  expect([second.failures, lab.group.members]).toEqual([["UNRELEASED_INSTANCE_ID"], 1]);
  expect(joins().filter(({ previousMemberId }) => previousMemberId !== undefined)).toEqual([]);

  const its = [...frozen.member.owned()];
  const handled: number[] = [];
  const work = async (): Promise<void> =>
    await frozen.handle(5, (partition) => handled.push(partition), lab.group.ends);
  frozen.freezer.thaw();
  await work();
  await lab.clock.until("it waits", () => frozen.failures.length === 2);
  await work();
  expect([handled, its.map(({ state }) => state), frozen.owned]).toEqual([[], ALL.map(() => "lost"), []]);
  expect(frozen.failures).toEqual(["UNKNOWN_MEMBER_ID", "UNRELEASED_INSTANCE_ID"]);
  await lab.clock.advance(2 * SESSION_MS);
  expect([frozen.owned, second.owned, frozen.failures.length]).toEqual([[], ALL, 2]);
  await lab.during(second.close());
  await lab.owning(frozen, ...ALL);
});

test("a tab that thaws within its session goes on as the member that it is, although another has its turn", async () => {
  const frozen = await instance();
  await lab.owning(frozen, ...ALL);
  const owned = [...frozen.member.owned()];
  frozen.freezer.freeze();
  const second = await instance();
  await lab.clock.until("it asks the edge", () => joins().length > 1, SESSION_MS / 2);
  frozen.freezer.thaw();
  await lab.clock.advance(4 * SESSION_MS);
  expect([frozen.member.owned(), frozen.failures]).toEqual([owned, []]);
  expect([second.owned, second.failures]).toEqual([[], ["UNRELEASED_INSTANCE_ID"]]);
  await lab.during(frozen.close());
  await lab.owning(second, ...ALL);
});

test("one whose turn came while it was frozen does not take the place of the one that has it by then", async () => {
  const first = await instance();
  await lab.owning(first, ...ALL);
  const sleeper = await instance();
  await lab.clock.until("it waits", () => sleeper.failures.length === 1);
  sleeper.freezer.freeze();
  await lab.during(first.close());
  const second = await instance();
  await lab.owning(second, ...ALL);
  const owned = [...second.member.owned()];
  const asked = joins().length;
  sleeper.freezer.thaw();
  await lab.clock.advance(4 * SESSION_MS);
  expect(joins()).toHaveLength(asked);
  expect([second.member.owned(), second.failures]).toEqual([owned, ["UNRELEASED_INSTANCE_ID"]]);
  expect([sleeper.owned, sleeper.failures]).toEqual([[], ["UNRELEASED_INSTANCE_ID"]]);
  // Nor does it once that one is frozen for less than its session.
  second.freezer.freeze();
  await lab.clock.until("it asks the edge", () => joins().length > asked, SESSION_MS / 2);
  second.freezer.thaw();
  await lab.clock.advance(SESSION_MS);
  expect([second.member.owned(), sleeper.owned]).toEqual([owned, []]);
});

test("where no message arrives between tabs the one that lives loses nothing", async () => {
  device.channels.deaf = true;
  const first = await instance();
  await lab.owning(first, ...ALL);
  const owned = [...first.member.owned()];
  const second = await instance();
  await lab.clock.until("it asks the edge", () => joins().length > 1, SESSION_MS);
  await lab.clock.advance(4 * SESSION_MS);
  expect([first.member.owned(), first.failures]).toEqual([owned, []]);
  expect([second.owned, second.failures]).toEqual([[], ["UNRELEASED_INSTANCE_ID"]]);
  await lab.during(first.close());
  await lab.owning(second, ...ALL);
});

test("a frozen tab that the browser ends leaves its place as a crash does", async () => {
  const frozen = await instance();
  await lab.owning(frozen, ...ALL);
  frozen.freezer.freeze();
  const second = await instance();
  await lab.clock.advance(2_000);
  frozen.kill();
  await lab.clock.until("owns all", () => second.owned.length === 4, 1_500);
});

test("what a frozen tab has kept is sent when it thaws, and refused where another has the partition: it hears so", async () => {
  const frozen = await instance();
  await lab.owning(frozen, ...ALL);
  expect(await lab.during(frozen.commit([0, 3]))).toEqual([]);
  device.online = false;
  expect(await lab.during(frozen.commit([0, 7]))).toEqual([]);
  frozen.freezer.freeze();
  device.online = true;
  const second = await instance();
  await lab.owning(second, ...ALL);
  expect([lab.group.committed(0), lab.group.refused]).toEqual([3, []]);
  expect(await lab.during(second.commit([0, 5]))).toEqual([]);
  frozen.freezer.thaw();
  await lab.clock.until("it hears so", () => frozen.fenced.length > 0);
  expect(frozen.fenced).toEqual(["0 3-7 FENCED_MEMBER_EPOCH"]);
  expect([second.owned, second.fenced, lab.group.committed(0)]).toEqual([ALL, [], 5]);
});
