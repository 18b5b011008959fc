/** R19, R20: real tabs share a group at the real edge, while they are killed, frozen, busy, doubled and cut off. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ROOT } from "../harness/paths.ts";
import { seeded } from "../harness/seeded.ts";
import { ALL, duplicatesIn, GroupLab, PARTITIONS, SESSION_MS, type Tab } from "./group-lab.ts";
import type { Handled, MemberState } from "./group-page.ts";
import { until } from "./tabs-lab.ts";

/** A member whose end is waited for, or one that has to be heard of within it. */
const SHORT = { sessionTimeout: SESSION_MS };
const FLIGHTS = "node_modules/vega-datasets/data/flights-20k.json";

let lab: GroupLab;
beforeEach(async () => {
  lab = await GroupLab.open();
});
afterEach(async () => await lab.close());

interface Kill {
  readonly name: string;
  readonly state: MemberState;
  /** Once it was gone. */
  readonly committed: readonly number[];
}

/** How far a tab came in each partition, behind the last record. */
function reached(handled: readonly Handled[], name: string): number[] {
  return ALL.map((partition) => {
    const offsets = handled
      .filter((one) => one.tab === name && one.partition === partition)
      .map(({ offset }) => offset);
    return Math.max(0, ...offsets.map((offset) => offset + 1));
  });
}

test("R19 R20 three tabs drain the flights while tabs are killed: all of them, and again only what was not committed", async () => {
  const random = seeded(20_000);
  const flights = JSON.parse(await readFile(join(ROOT, FLIGHTS), "utf8")) as { readonly origin: string }[];
  await lab.send(flights.map(({ origin }, index) => ({ key: origin, value: String(index) })));
  const running: Tab[] = [];
  let started = 0;
  const start = async (): Promise<void> => {
    started += 1;
    running.push(await lab.join(`tab${started}`, { ...SHORT, pauseEvery: 20, commitsSeldom: true }));
  };
  for (let tabs = 0; tabs < 3; tabs += 1) await start();
  const kills: Kill[] = [];
  for (const mark of [2_500, 6_000, 10_000]) {
    await lab.untilHandled(mark);
    const [victim] = running.splice(Math.floor(random() * running.length), 1);
    if (victim === undefined) throw new Error("no tab is left");
    // One that has nothing to lose proves nothing.
    const owned = (await lab.handled()).filter(({ tab }) => tab === victim.name).length;
    const isAtWork = async (): Promise<boolean> => {
      const { length } = (await lab.handled()).filter(({ tab }) => tab === victim.name);
      return length > owned + 100 || (await lab.union()) === flights.length;
    };
    await until(`${victim.name} is at work`, isAtWork, 40_000);
    const state = await lab.state(victim);
    await lab.crash(victim);
    await start();
    // Whatever was under way of it has come to the edge, or does not come any more.
    kills.push({ name: victim.name, state, committed: await lab.committed() });
  }
  await lab.untilHandled(flights.length, 60_000);
  await until("all is committed", async () => sumOf(await lab.committed()) === flights.length);
  const handled = await lab.handled();
  expect(new Set(handled.map(({ value }) => value)).size).toBe(flights.length);

  // A killed tab's work comes again from where it had committed, and nothing else does.
  const lost = kills.map(({ name, committed }) =>
    sumOf(reached(handled, name).map((to, partition) => Math.max(0, to - (committed[partition] ?? 0)))),
  );
  console.log(`${duplicatesIn(handled)} handled again; not committed by the killed: ${lost.join(", ")}`);
  expect(duplicatesIn(handled)).toBeLessThanOrEqual(sumOf(lost));
  expect(sumOf(lost), "the killed had committed all of it, which proves nothing").toBeGreaterThan(0);
  const byTab = Map.groupBy(handled, ({ tab, partition }) => `${tab} ${partition}`);
  for (const [name, own] of byTab) {
    const offsets = own.map(({ offset }) => offset);
    expect(new Set(offsets).size, `${name} handled one twice`).toBe(offsets.length);
  }

  // Each of the dead still says something: no partition takes it.
  const committed = await lab.committed();
  for (const { state } of kills) {
    expect(state.memberId).not.toBe("");
    const codes = await lab.commitLate(state, 1);
    for (const code of codes) expect(["FENCED_MEMBER_EPOCH", "UNKNOWN_MEMBER_ID"]).toContain(code);
  }
  expect(await lab.committed()).toEqual(committed);
});

test("R20 a frozen tab loses its partitions after its session; thawed it handles nothing of them, and joins again", async () => {
  const frozen = await lab.join("frozen", { ...SHORT, pauseEvery: 1 });
  const other = await lab.join("other", { pauseEvery: 1 });
  await lab.untilOwning(frozen, 3);
  await lab.untilOwning(other, 3);
  const [its, others] = [(await lab.state(frozen)).owned, (await lab.state(other)).owned];
  await lab.sendEach(150);
  await until("the tab is at it", async () => reached(await lab.handled(), "frozen").some((to) => to > 10));
  await lab.tabs.freeze(frozen.page, "frozen");
  await lab.untilHandled(150 * PARTITIONS);
  await lab.untilOwning(other, PARTITIONS);
  // The other one went on with its own meanwhile.
  const lostNone = (await lab.state(other)).events.every(({ type }) => type !== "partitions_lost");
  expect(lostNone).toBe(true);
  const before = await lab.handled();
  const again = duplicatesIn(before);
  expect(others.length + its.length).toBe(PARTITIONS);

  await lab.tabs.thaw(frozen.page, "frozen");
  const lost = async (): Promise<number[]> =>
    (await lab.state(frozen)).events.flatMap(({ type, partitions }) => (type === "partitions_lost" ? partitions : []));
  await until("the tab hears that it has lost them", async () => (await lost()).length > 0);
  expect(new Set(await lost())).toEqual(new Set(its));
  await lab.untilOwning(frozen, 3);
  await lab.sendEach(20);
  await lab.untilHandled(170 * PARTITIONS);
  const after = await lab.handled();
  expect(duplicatesIn(after)).toBe(again);
});

test("a busy main thread and a broker that is killed do not lose the group", async () => {
  const busy = await lab.join("busy", SHORT);
  const other = await lab.join("other", SHORT);
  await lab.untilOwning(busy, 3);
  await lab.untilOwning(other, 3);
  const before = [await lab.state(busy), await lab.state(other)];
  await busy.page.evaluate((ms) => window.group.busy(ms), SESSION_MS + 1_000);
  await lab.sendEach(10);
  await lab.untilHandled(10 * PARTITIONS);
  await until("all is committed", async () => sumOf(await lab.committed()) === 10 * PARTITIONS);
  await lab.restartBroker();
  await lab.sendEach(10);
  await lab.untilHandled(20 * PARTITIONS);
  await until("all is committed", async () => sumOf(await lab.committed()) === 20 * PARTITIONS);
  const after = [await lab.state(busy), await lab.state(other)];
  const standing = ({ memberId, owned }: MemberState): unknown => ({ memberId, owned });
  expect(after.map(standing)).toEqual(before.map(standing));
  expect(duplicatesIn(await lab.handled())).toBe(0);
});

test("offline a tab goes on and its commits are sent later; what is refused by then is told", async () => {
  const tab = await lab.join("away", { ...SHORT, counts: true });
  await lab.untilOwning(tab, PARTITIONS);
  const fill = async (each: number, total: number): Promise<void> => {
    await tab.page.evaluate(() => window.group.hold());
    await lab.sendEach(each);
    await until("the records are on the device", async () => (await lab.state(tab)).onDevice === total);
    lab.tabs.proxy.cut();
    await tab.page.evaluate(() => window.group.go());
    await lab.untilHandled(total);
  };
  await fill(20, 20 * PARTITIONS);
  const { memberId } = await lab.state(tab);
  expect(sumOf(await lab.committed())).toBe(0);
  lab.tabs.proxy.restore();
  await until("the commits are at the edge", async () => sumOf(await lab.committed()) === 20 * PARTITIONS);
  expect((await lab.state(tab)).memberId).toBe(memberId);

  // Longer than its session lasts: another device has its partitions by then.
  await fill(20, 40 * PARTITIONS);
  const heir = await lab.join("heir", { direct: true });
  await lab.untilOwning(heir, PARTITIONS);
  await until(
    "the heir has handled it too",
    async () => sumOf(reached(await lab.handled(), "heir")) === 40 * PARTITIONS,
  );
  await until("all is committed", async () => sumOf(await lab.committed()) === 40 * PARTITIONS);
  lab.tabs.proxy.restore();
  await lab.untilOwning(tab, 3);
  const fenced = async () => (await lab.state(tab)).events.filter(({ type }) => type === "commit_fenced");
  await until("it hears of each", async () => (await fenced()).length >= PARTITIONS);
  const told = (await fenced()).map(({ partitions, from, to }) => `${partitions.join()}: ${from} to ${to}`);
  expect(told.toSorted((a, b) => a.localeCompare(b))).toEqual(ALL.map((partition) => `${partition}: 20 to 40`));
  await lab.sendEach(5);
  await lab.untilHandled(45 * PARTITIONS);
  expect(duplicatesIn(await lab.handled())).toBe(20 * PARTITIONS);
});

test("two tabs with one instance id: the second waits, and has the first one's partitions when that closes or is killed", async () => {
  const instance = { instanceId: "kiosk" };
  const first = await lab.join("first", instance);
  const other = await lab.join("other");
  await lab.untilOwning(first, 3);
  await lab.untilOwning(other, 3);
  const its = (await lab.state(first)).owned;
  const second = await lab.join("second", instance);
  const isTold = async (): Promise<boolean> =>
    (await lab.state(second)).events.some(({ code }) => code === "UNRELEASED_INSTANCE_ID");
  await until("the second hears that it is doubled", isTold);
  await lab.sendEach(10);
  await lab.untilHandled(10 * PARTITIONS);
  expect((await lab.state(second)).owned).toEqual([]);
  expect((await lab.state(first)).owned).toEqual(its);
  await until("all is committed", async () => sumOf(await lab.committed()) === 10 * PARTITIONS);

  await first.page.evaluate(async () => await window.group.leave());
  await lab.untilOwning(second, 3);
  expect((await lab.state(second)).owned).toEqual(its);
  const third = await lab.join("third", instance);
  await lab.crash(second);
  // At once: the device knows whose place it takes.
  await lab.untilOwning(third, 3);
  expect((await lab.state(third)).owned).toEqual(its);
  await lab.sendEach(10);
  await lab.untilHandled(20 * PARTITIONS);
  const { events } = await lab.state(other);
  expect(events.filter(({ type }) => type === "partitions_revoked" || type === "partitions_lost")).toEqual([]);
  expect(duplicatesIn(await lab.handled())).toBe(0);
});

test("a frozen tab keeps its instance id for its session; thawed it handles nothing, and waits for its turn", async () => {
  const instance = { instanceId: "kiosk" };
  const frozen = await lab.join("frozen", { ...SHORT, ...instance });
  await lab.untilOwning(frozen, PARTITIONS);
  const frozenMember = await lab.state(frozen);
  await lab.sendEach(10);
  await lab.untilHandled(10 * PARTITIONS);
  await until("all is committed", async () => sumOf(await lab.committed()) === 10 * PARTITIONS);
  await lab.tabs.freeze(frozen.page, "frozen");
  const second = await lab.join("second", instance);
  const told = async (tab: Tab): Promise<(string | null)[]> =>
    (await lab.state(tab)).events.flatMap(({ type, code }) => (type === "crash" ? [code] : []));
  await lab.untilOwning(second, PARTITIONS, 60_000);
  expect(await told(second)).toEqual(["UNRELEASED_INSTANCE_ID"]);
  await lab.sendEach(10);
  await lab.untilHandled(20 * PARTITIONS);

  await lab.tabs.thaw(frozen.page, "frozen");
  await until("the first hears so", async () => (await told(frozen)).includes("UNRELEASED_INSTANCE_ID"));
  expect(await told(frozen)).toEqual(["UNKNOWN_MEMBER_ID", "UNRELEASED_INSTANCE_ID"]);
  for (const code of await lab.commitLate(frozenMember, 1)) expect(code).toBe("FENCED_MEMBER_EPOCH");
  await lab.sendEach(10);
  await lab.untilHandled(30 * PARTITIONS);
  expect([(await lab.state(frozen)).owned, (await lab.state(second)).owned]).toEqual([[], ALL]);
  await until("all is committed", async () => sumOf(await lab.committed()) === 30 * PARTITIONS);
  await second.page.evaluate(async () => await window.group.leave());
  await lab.untilOwning(frozen, PARTITIONS);
  await lab.sendEach(10);
  await lab.untilHandled(40 * PARTITIONS);
  expect(duplicatesIn(await lab.handled())).toBe(0);
});

test.each(["closed", "left for another page"])(
  "a page that is %s has left its group, long before its session is over",
  async (how) => {
    // A lone one: nothing else keeps its worker, or whatever that has still to say.
    const tab = await lab.join("lone", { sessionTimeout: 600_000 });
    await lab.untilOwning(tab, PARTITIONS);
    if (how === "closed") await tab.page.close();
    else await tab.page.goto("about:blank");
    await until("the group is empty", async () => (await lab.describe()).members.length === 0, 30_000);
    const next = await lab.join("next");
    await lab.untilOwning(next, PARTITIONS);
  },
);

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}
