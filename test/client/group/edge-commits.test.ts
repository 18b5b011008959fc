/** What a member of a group at the edge commits: together, late, offline, after a reload, and after it is no member any more. */
import { afterEach, beforeEach, expect, test } from "vitest";
import type { CommitOffsets } from "../../../shared/api/groups.ts";
import type { LeaderEpoch, Offset } from "../../../shared/brands.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import { noNetwork, type GroupDevice, type GroupTab } from "../../sim/simulated-member.ts";
import { GroupLab } from "./group-lab.ts";

let lab: GroupLab;
let device: GroupDevice;
beforeEach(() => {
  lab = new GroupLab();
  device = lab.device();
});
afterEach(async () => await lab.close());

async function joined(): Promise<GroupTab> {
  const tab = await lab.tab({ device });
  await lab.owning(tab, 0, 1, 2, 3);
  return tab;
}

function commits(): CommitOffsets[] {
  return device.said.flatMap(({ kind, body }) => (kind === "commit" ? [body] : []));
}

const unreachable = new StrandlineError("KAFKA_STORAGE_ERROR", "").toBody();

test("many partitions go in one call, one call at a time, of each partition the last offset; the counter goes up", async () => {
  const tab = await joined();
  const first = tab.commit([0, 1], [1, 1]);
  const next = [tab.commit([0, 2]), tab.commit([1, 2], [2, 1]), tab.commit([0, 3])];
  expect(await lab.during(Promise.all([first, ...next]))).toEqual([[], [], [], []]);
  await lab.during(tab.commit([0, 9]));
  expect(commits().map(({ offsets }) => offsets.map(({ partition, offset }) => `${partition}@${offset}`))).toEqual([
    ["0@3", "1@2", "2@1"],
    ["0@9"],
  ]);
  const [a, b] = commits().map(({ commit }) => commit);
  expect(b).toBeGreaterThan(a ?? Infinity);
});

test("what comes while a commit is under way goes with the next one", async () => {
  const tab = await joined();
  const first = tab.commit([0, 1]);
  await lab.clock.advance(5);
  const next = [tab.commit([0, 2]), tab.commit([0, 3])];
  await lab.during(Promise.all([first, ...next]));
  expect(commits().map(({ offsets }) => offsets.map(({ offset }) => offset))).toEqual([[1], [3]]);
});

test("a caller's text goes along; where a message begins that is not whole comes before it", async () => {
  const tab = await joined();
  const of = tab.of(0);
  await lab.during(tab.member.commit([{ of, offset: 7 as Offset, metadata: "mine" }]));
  expect(lab.group.metadata(0)).toBe("mine");
  await lab.during(tab.member.commit([{ of, offset: 8 as Offset, readFrom: 5 as Offset, metadata: "mine" }]));
  expect(lab.group.metadata(0)).toBe("strandline readFrom=5");
});

test("where a message that is not whole begins goes along as metadata, and comes back with the grant", async () => {
  const tab = await joined();
  const of = tab.of(0);
  await lab.during(tab.member.commit([{ of, offset: 8 as Offset, readFrom: 5 as Offset }]));
  expect(lab.group.metadata(0)).toBe("strandline readFrom=5");
  await lab.during(tab.close());
  const next = await lab.tab({ device });
  await lab.owning(next, 0, 1, 2, 3);
  expect(await next.member.position(next.of(0))).toEqual({ offset: 8, readFrom: 5 });
});

test("a log that was rewound below the group's offset is told with where the group was", async () => {
  const tab = await joined();
  const { ref } = tab.of(0);
  const empty = { ref, bytes: new Uint8Array(), lastCrc: null, logStartOffset: 0 as Offset };
  const epoch = (counter: number) => ({ counter, random: "r" }) as unknown as LeaderEpoch;
  const at = (offset: number) => ({
    from: offset as Offset,
    firstOffset: offset as Offset,
    nextOffset: offset as Offset,
  });
  const run = { ...empty, ...at(0), restart: false, highWatermark: 60 as Offset, leaderEpoch: epoch(1) };
  await tab.log.replica.store([run]);
  await lab.during(tab.commit([0, 50]));
  expect(await tab.member.position(tab.of(0))).toEqual({ offset: 50 });
  const cut = { ...run, ...at(30), restart: true, highWatermark: 30 as Offset, leaderEpoch: epoch(2) };
  await tab.log.replica.store([cut]);
  expect(await tab.member.position(tab.of(0))).toEqual({ offset: 30, cutFrom: 50 });
});

test("STALE_MEMBER_EPOCH: a heartbeat at once, and then the commit stands where the partition is its own still", async () => {
  const tab = await joined();
  const stale = new StrandlineError("STALE_MEMBER_EPOCH", "").toBody();
  device.answers = (commit, answer) => (commits().length === 1 ? refusing(commit, 0, stale) : answer());
  const beats = tab.heartbeats.length;
  expect(await lab.during(tab.commit([0, 4], [1, 4]))).toEqual([]);
  expect(tab.heartbeats.length).toBe(beats + 1);
  expect(lab.group.committed(0)).toBe(4);
  expect(tab.failures).toEqual([]);
});

test("STALE_MEMBER_EPOCH that goes on for ever ends: the partition is lost, and granted anew", async () => {
  const tab = await joined();
  const of = tab.of(0);
  const stale = new StrandlineError("STALE_MEMBER_EPOCH", "").toBody();
  device.answers = (commit) => refusing(commit, 0, stale);
  expect(await lab.during(tab.commit([0, 4]))).toEqual(["0 STALE_MEMBER_EPOCH"]);
  expect(of.state).toBe("lost");
  await lab.clock.until("granted anew", () => tab.owned.length === 4);
  expect(tab.of(0)).not.toBe(of);
});

for (const code of ["FENCED_MEMBER_EPOCH", "UNKNOWN_MEMBER_ID", "OFFSET_OUT_OF_RANGE"] as const)
  test(`${code} of a partition: that one is lost, the others stand`, async () => {
    const tab = await joined();
    const refused = new StrandlineError(code, "").toBody();
    device.answers = (commit) => refusing(commit, 1, refused);
    const gone = tab.of(1);
    expect(await lab.during(tab.commit([0, 4], [1, 4]))).toEqual([`1 ${code}`]);
    expect(gone.state).toBe("lost");
    expect(tab.owned).not.toContain(1);
    expect((await tab.member.position(tab.of(0)))?.offset).toBe(4);
  });

test("UNKNOWN_MEMBER_ID of the whole commit: it is no member any more", async () => {
  const tab = await joined();
  device.fault = ({ kind }) => (kind === "commit" ? { error: new StrandlineError("UNKNOWN_MEMBER_ID", "") } : null);
  expect(await lab.during(tab.commit([0, 4]))).toEqual(["0 UNKNOWN_MEMBER_ID"]);
  expect([tab.owned, tab.failures]).toEqual([[], ["UNKNOWN_MEMBER_ID"]]);
  device.fault = () => null;
  await lab.owning(tab, 0, 1, 2, 3);
});

test("a partition that cannot be asked is kept for later, and the others stand", async () => {
  const tab = await joined();
  device.answers = (commit) => refusing(commit, 0, unreachable);
  expect(await lab.during(tab.commit([0, 4], [1, 4]))).toEqual([]);
  expect((await tab.member.position(tab.of(0)))?.offset).toBe(4);
  device.answers = (_, answer) => answer();
  await lab.clock.until("stands", () => lab.group.committed(0) === 4);
});

test("offline commits count on the device at once, and reach the edge when it answers again, the last alone", async () => {
  const tab = await joined();
  device.online = false;
  for (let offset = 1; offset <= 20; offset += 1)
    expect(await lab.during(tab.commit([0, offset], [1, offset]))).toEqual([]);
  expect((await tab.member.position(tab.of(0)))?.offset).toBe(20);
  expect(commits().length).toBe(1);
  device.online = true;
  await lab.clock.until("stands", () => lab.group.committed(1) === 20);
  expect(lab.group.accepted.map(({ offset }) => offset)).toEqual([20, 20]);
  await lab.clock.until("nothing is kept", async () => (await kept()) === 0);
});

test("what was kept and is refused is told with its range, though the member lives", async () => {
  const tab = await joined();
  await lab.during(tab.commit([0, 2], [1, 2]));
  device.fault = ({ kind }) => (kind === "commit" ? { error: noNetwork() } : null);
  const of = tab.of(0);
  expect(await lab.during(tab.commit([0, 7], [1, 7]))).toEqual([]);
  const fenced = new StrandlineError("FENCED_MEMBER_EPOCH", "").toBody();
  device.answers = (commit, answer) => {
    answer();
    return refusing(commit, 0, fenced);
  };
  device.fault = () => null;
  await lab.clock.until("told", () => tab.fenced.length === 1);
  expect([tab.fenced, of.state]).toEqual([["0 2-7 FENCED_MEMBER_EPOCH"], "lost"]);
  await lab.clock.until("nothing is kept", async () => (await kept()) === 0);
});

test("once a heartbeat has failed by the network, a commit does not wait for the edge to be asked", async () => {
  const tab = await joined();
  device.fault = ({ kind }) => (kind === "heartbeat" ? { error: noNetwork() } : null);
  const said = device.said.length;
  await lab.clock.until("a heartbeat", () => device.said.length > said);
  await lab.clock.advance(100);
  expect(await tab.commit([0, 4])).toEqual([]);
  expect(commits()).toEqual([]);
});

test("a commit that is kept after one whose answer was lost counts over it, also after a reload", async () => {
  const tab = await joined();
  device.fault = ({ kind }) => (kind === "commit" ? "lost" : { error: noNetwork() });
  await lab.during(tab.commit([0, 4]));
  await lab.during(tab.commit([0, 9]));
  expect([lab.group.committed(0), commits().length]).toEqual([4, 1]);
  tab.kill();
  device.fault = () => null;
  await lab.tab({ device });
  await lab.clock.until("counts", () => lab.group.committed(0) === 9);
});

test("a commit whose answer is lost is sent again, and counts once", async () => {
  const tab = await joined();
  device.fault = ({ kind }) => (kind === "commit" && commits().length === 0 ? "lost" : null);
  expect(await lab.during(tab.commit([0, 4]))).toEqual([]);
  await lab.clock.until("sent again", () => commits().length === 2);
  await lab.clock.advance(100);
  expect([lab.group.committed(0), await kept(), tab.fenced]).toEqual([4, 0, []]);
});

test("a commit that comes late changes nothing of a later one", async () => {
  const tab = await joined();
  device.fault = ({ kind }) => (kind === "commit" && commits().length === 0 ? "abandoned" : null);
  await lab.during(tab.commit([0, 4]));
  await lab.clock.until("sent again", () => lab.group.committed(0) === 4);
  expect(await lab.during(tab.commit([0, 7]))).toEqual([]);
  await lab.clock.advance(20_000);
  expect(lab.group.committed(0)).toBe(7);
});

test("commits of a page that was reloaded are sent by the next one under the old name, before it joins", async () => {
  const tab = await joined();
  device.online = false;
  await lab.during(tab.commit([0, 4], [2, 6]));
  const { memberId } = tab.member;
  tab.kill();
  device.online = true;
  const next = await lab.tab({ device });
  await lab.clock.until("owns all", () => next.owned.length === 4, 90_000);
  expect(lab.group.accepted.map(({ memberId: of, partition, offset }) => [of, partition, offset])).toEqual([
    [memberId, 0, 4],
    [memberId, 2, 6],
  ]);
  expect(await next.member.position(next.of(0))).toEqual({ offset: 4 });
  expect([next.fenced, await kept()]).toEqual([[], 0]);
});

test("offline for weeks: what others took over is told with its range, and dropped", async () => {
  const tab = await joined();
  await lab.during(tab.commit([0, 3], [1, 3]));
  device.online = false;
  await lab.during(tab.commit([0, 40], [1, 50]));
  const other = await lab.tab();
  await lab.clock.until("taken over", () => other.owned.length === 4, 90_000);
  await lab.during(other.commit([0, 9]));
  lab.clock.jump(14 * 24 * 3_600_000);
  await lab.clock.advance(1_000_000);
  expect((await tab.member.position(tab.of(0)))?.offset).toBe(40);
  device.online = true;
  await lab.clock.until("told", () => tab.fenced.length === 2);
  expect(tab.fenced).toEqual(["0 3-40 FENCED_MEMBER_EPOCH", "1 3-50 FENCED_MEMBER_EPOCH"]);
  expect([lab.group.committed(0), lab.group.committed(1), await kept()]).toEqual([9, 3, 0]);
  await lab.clock.until("back in the group", () => tab.owned.length === 2);
});

test("offline for weeks, and nobody took over: its commits stand, and it goes on behind them", async () => {
  const tab = await joined();
  device.online = false;
  await lab.during(tab.commit([0, 40]));
  await lab.clock.advance(100_000);
  expect(lab.group.members).toBe(0);
  device.online = true;
  await lab.clock.until("thrown out, and back", () => tab.failures.length === 1 && tab.owned.length === 4);
  expect(tab.fenced).toEqual([]);
  expect(await tab.member.position(tab.of(0))).toEqual({ offset: 40 });
});

test("a tab's kept commits are its own as long as it lives, whoever else of its device joins", async () => {
  const tab = await joined();
  device.fault = ({ kind, body }) =>
    kind === "commit" || body.memberId === tab.member.memberId
      ? { error: new StrandlineError("NETWORK_EXCEPTION", "") }
      : null;
  await lab.during(tab.commit([0, 4]));
  const said = commits().length;
  const sibling = await lab.tab({ device });
  await lab.clock.advance(20_000);
  expect(commits().length).toBe(said);
  expect(sibling.fenced).toEqual([]);
});

test("a store that fails keeps nothing, and says so", async () => {
  const tab = await joined();
  device.online = false;
  device.store.fault = () => "full";
  await expect(lab.during(tab.commit([0, 4]))).rejects.toMatchObject({ code: "STORAGE_FULL" });
  expect(await tab.member.position(tab.of(0))).toBeNull();
  device.store.fault = () => null;
  expect(await lab.during(tab.commit([0, 5]))).toEqual([]);
});

function refusing({ offsets }: CommitOffsets, refused: number, error: typeof unreachable) {
  return {
    offsets: offsets.map(({ topicId, partition }) => ({
      topicId,
      partition,
      error: partition === refused ? error : null,
    })),
  };
}

async function kept(): Promise<number> {
  return await device.store.transact(["meta"], { mode: "readonly" }, async (transaction) => {
    const keys = await transaction.keys("meta", { from: ["kept"], to: ["kept", "\uffff"] }, 1_000);
    return keys.length;
  });
}
