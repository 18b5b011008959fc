/** A member of a group at the edge that is frozen, slow, or one of two with the same name; and clocks that jump. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { GroupLab } from "./group-lab.ts";

let lab: GroupLab;
beforeEach(() => (lab = new GroupLab()));
afterEach(async () => await lab.close());

const YEARS_MS = 10 * 365 * 24 * 3_600_000;

test("a clock that jumps by ten years costs no partition: the edge is asked, and nothing is handled until it has answered", async () => {
  const tab = await lab.tab();
  await lab.owning(tab, 0, 1, 2, 3);
  const owned = [...tab.member.owned()];
  for (const ms of [YEARS_MS, -2 * YEARS_MS, YEARS_MS]) {
    const beats = tab.heartbeats.length;
    lab.clock.jump(ms);
    expect(tab.member.holding).toBe(ms > 0);
    tab.member.polled();
    await lab.clock.until("answered", () => tab.heartbeats.length > beats);
    expect(tab.member.holding).toBe(false);
    await lab.clock.advance(20_000);
  }
  expect(tab.member.owned()).toEqual(owned);
  expect([tab.failures, lab.group.members]).toEqual([[], 1]);
});

test("a tab that was frozen for longer than its session handles nothing until it has heard that it is out", async () => {
  const device = lab.device();
  const tab = await lab.tab({ device });
  await lab.owning(tab, 0, 1, 2, 3);
  device.frozen = true;
  const other = await lab.tab();
  await lab.clock.until("taken over", () => other.owned.length === 4, 90_000);
  const states = tab.member.owned().map(({ state }) => state);
  expect(states).toEqual(["theirs", "theirs", "theirs", "theirs"]);
  expect(tab.member.holding).toBe(true);
  device.frozen = false;
  await lab.clock.until("told", () => tab.failures.length === 1);
  expect(tab.failures).toEqual(["UNKNOWN_MEMBER_ID"]);
  await lab.clock.until("half each", () => tab.owned.length === 2 && other.owned.length === 2);
});

test("offline it goes on with what is its own: a network that fails is word enough", async () => {
  const device = lab.device();
  const tab = await lab.tab({ device });
  await lab.owning(tab, 0, 1, 2, 3);
  device.online = false;
  let held = 0;
  for (let s = 0; s < 600; s += 1) {
    await lab.clock.advance(1_000);
    if (tab.member.holding) held += 1;
  }
  expect([held, tab.owned, tab.failures]).toEqual([0, [0, 1, 2, 3], []]);
});

test("after an outage that outlasted its session it joins again as soon as it has heard so, however long the outage was", async () => {
  const device = lab.device();
  const tab = await lab.tab({ device });
  for (let round = 1; round <= 5; round += 1) {
    await lab.owning(tab, 0, 1, 2, 3);
    await lab.clock.advance(20_000);
    device.online = false;
    await lab.clock.advance(600_000);
    device.online = true;
    await lab.clock.until("told", () => tab.failures.length === round);
    await lab.clock.until("owns all", () => tab.owned.length === 4, 2_000);
  }
  expect(new Set(tab.failures)).toEqual(new Set(["UNKNOWN_MEMBER_ID"]));
});

test("an answer from before a freeze says nothing of what is now", async () => {
  const device = lab.device();
  const tab = await lab.tab({ device });
  await lab.owning(tab, 0, 1, 2, 3);
  const said = device.said.length;
  await lab.clock.until("asked", () => device.said.length > said);
  lab.clock.jump(60_000);
  await lab.clock.advance(45);
  const beats = tab.heartbeats.length;
  expect(tab.heartbeats.length).toBeGreaterThan(0);
  await lab.clock.until("asked once more", () => tab.heartbeats.length > beats, 1_000);
  expect(tab.member.holding).toBe(false);
});

test("a page that does not poll steps down, all is lost, and it joins again when it polls", async () => {
  const tab = await lab.tab({ group: { maxPollIntervalMs: 60_000 } });
  const other = await lab.tab();
  await lab.clock.until("half each", () => tab.owned.length === 2 && other.owned.length === 2);
  const owned = [...tab.member.owned()];
  tab.polls = false;
  await lab.clock.advance(55_000);
  expect(tab.owned).toHaveLength(2);
  await lab.owning(other, 0, 1, 2, 3);
  expect(owned.map(({ state }) => state)).toEqual(["lost", "lost"]);
  expect([lab.group.members, tab.member.joined]).toEqual([1, false]);
  tab.polls = true;
  await lab.clock.until("half each", () => tab.owned.length === 2 && other.owned.length === 2);
});

test("a page that is parked has lost all, and joins again with its next poll", async () => {
  const device = lab.device();
  const tab = await lab.tab({ device });
  await lab.owning(tab, 0, 1, 2, 3);
  tab.polls = false;
  tab.member.yield();
  expect(tab.member.owned()).toEqual([]);
  await lab.clock.until("left", () => lab.group.members === 0);
  expect(device.said.at(-1)).toMatchObject({ kind: "leave", body: { memberEpoch: -1 } });
  tab.polls = true;
  await lab.owning(tab, 0, 1, 2, 3);
});

test("a static member that closes comes back to its partitions, and nobody has had them", async () => {
  const device = lab.device();
  const first = await lab.tab({ device, group: { instanceId: "i" } });
  const other = await lab.tab();
  await lab.clock.until("half each", () => first.owned.length === 2 && other.owned.length === 2);
  const { owned } = first;
  await lab.during(first.close());
  expect(device.said.at(-1)).toMatchObject({ kind: "leave", body: { memberEpoch: -2 } });
  await lab.clock.advance(20_000);
  const back = await lab.tab({ device, group: { instanceId: "i" } });
  await lab.owning(back, ...owned);
  expect(other.owned).toHaveLength(2);
});

test("a static member that was killed takes its own place at once, by the id of its last life", async () => {
  const device = lab.device();
  const first = await lab.tab({ device, group: { instanceId: "i" } });
  await lab.owning(first, 0, 1, 2, 3);
  first.kill();
  const back = await lab.tab({ device, group: { instanceId: "i" } });
  await lab.clock.until("owns all", () => back.owned.length === 4, 1_000);
  expect([back.failures, lab.group.members]).toEqual([[], 1]);
});

test("a second tab with the same instance id waits, says so, and takes over when the first closes", async () => {
  const device = lab.device();
  const first = await lab.tab({ device, group: { instanceId: "i" } });
  await lab.owning(first, 0, 1, 2, 3);
  const second = await lab.tab({ device, group: { instanceId: "i" } });
  await lab.clock.advance(60_000);
  expect([second.failures, second.owned, first.owned]).toEqual([["UNRELEASED_INSTANCE_ID"], [], [0, 1, 2, 3]]);
  await lab.during(first.close());
  await lab.owning(second, 0, 1, 2, 3);
});

test("a tab that waits for its instance and closes is done with at once", async () => {
  const device = lab.device();
  const first = await lab.tab({ device, group: { instanceId: "i" } });
  await lab.owning(first, 0, 1, 2, 3);
  const second = await lab.tab({ device, group: { instanceId: "i" } });
  await lab.clock.until("it waits", () => second.failures.length === 1);
  await lab.during(second.close());
  await lab.during(first.close());
  const third = await lab.tab({ device, group: { instanceId: "i" } });
  await lab.owning(third, 0, 1, 2, 3);
});

test("another device with the same instance id waits for the first one's session", async () => {
  const device = lab.device();
  const first = await lab.tab({ device, group: { instanceId: "i" } });
  await lab.owning(first, 0, 1, 2, 3);
  const second = await lab.tab({ group: { instanceId: "i" } });
  await lab.clock.advance(60_000);
  expect([second.failures, second.owned]).toEqual([["UNRELEASED_INSTANCE_ID"], []]);
  device.online = false;
  await lab.owning(second, 0, 1, 2, 3);
});
