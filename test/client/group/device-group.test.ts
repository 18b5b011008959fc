/** The tabs of one device share a group's partitions: fairly, without an edge, and whatever happens to one of them. */
import { expect, test } from "vitest";
import { GroupWorld } from "./group-world.ts";

/** Eight questions a second apart, and what comes behind. */
const SESSION_MS = 12_000;

test("a lone tab has all at once, in one step, and sends nothing steadily", async () => {
  const world = new GroupWorld(1, 6, 0);
  const tab = world.open();
  expect(tab.owned()).toEqual([]);
  await world.clock.settle();
  expect(tab.owned()).toEqual([0, 1, 2, 3, 4, 5]);
  expect(world.clock.elapsedMs).toBe(0);
  expect(world.turnCalls).toBe(1);
  await world.clock.advance(600_000);
  expect(world.messages.map(({ type }) => type)).toEqual(["group.here"]);
});

test("three tabs share six partitions, two each; when one closes the others have its own at once", async () => {
  const world = new GroupWorld(2, 6, 200);
  const tabs = [world.open(), world.open(), world.open()];
  await world.clock.until("shared", () => world.settled(), 2_000);
  expect(tabs.map((tab) => tab.owned().length)).toEqual([2, 2, 2]);
  const closed = tabs[0]?.close();
  await world.clock.until("shared by two", () => world.settled(), 1_000);
  await world.clock.until("all is handled", () => world.committed().every((offset) => offset === 200), 90_000);
  await closed;
  // Nobody froze or died: nothing was handled twice.
  expect([...world.handlers.values()].every(({ length }) => length === 1)).toBe(true);
  expect(world.wrong).toEqual([]);
});

test("who comes later takes no partition for which there is no need", async () => {
  for (let seed = 20; seed < 30; seed += 1) {
    const world = new GroupWorld(seed, 1, 0);
    const first = world.open();
    await world.clock.settle();
    expect(first.owned()).toEqual([0]);
    await world.clock.advance(5);
    const later = world.open();
    await world.clock.advance(10_000);
    expect([first.owned(), later.owned()]).toEqual([[0], []]);
  }
});

test("one that dies is succeeded at once, one that freezes after a session; what it commits when it wakes is refused", async () => {
  const world = new GroupWorld(3, 6, 5_000);
  const [a, b, c] = [world.open(), world.open(), world.open()];
  await world.clock.until("shared", () => world.settled(), 2_000);
  a.die();
  await world.clock.until("shared without the dead", () => world.settled([b, c]), 1_000);
  b.freezer.freeze();
  const had = b.group.owned();
  await world.clock.until("shared without the frozen", () => c.owned().length === 6, SESSION_MS);
  await world.clock.advance(1_000);
  const before = world.committed();
  b.freezer.thaw();
  // Before it has heard of anything.
  const offsets = had.map((of) => ({ of, offset: 1 as never }));
  expect((await b.group.commit(offsets)).map(({ code }) => code)).toEqual(had.map(() => "ILLEGAL_GENERATION"));
  expect(had.map(({ state }) => state)).toEqual(had.map(() => "lost"));
  expect(world.committed().every((offset, at) => (offset ?? 0) >= (before[at] ?? 0))).toBe(true);
  await world.clock.until("shared with the woken", () => world.settled([b, c]), 5_000);
  expect(world.wrong).toEqual([]);
});

test("one that wakes and asks hears of what it has lost at once, and keeps what is its own", async () => {
  const world = new GroupWorld(9, 4, 5_000);
  const [a, b] = [world.open(), world.open()];
  await world.clock.until("shared", () => world.settled(), 2_000);
  await a.group.confirm();
  expect(a.owned()).toHaveLength(2);
  a.freezer.freeze();
  const had = a.group.owned();
  await world.clock.until("shared without the frozen", () => b.owned().length === 4, SESSION_MS);
  await a.group.confirm();
  expect(had.map(({ state }) => state)).toEqual(["lost", "lost"]);
  a.freezer.thaw();
  await world.clock.until("shared with the woken", () => world.settled(), 5_000);
  expect(world.wrong).toEqual([]);
});

test("a page that does not let go is not waited for; one that does not poll steps down until it does", async () => {
  const world = new GroupWorld(4, 4, 100_000);
  const stuck = world.open();
  await world.clock.advance(100);
  stuck.stuck = true;
  const other = world.open();
  await world.clock.advance(30_000);
  expect(other.owned()).toEqual([]);
  expect(stuck.group.owned().filter(({ state }) => state === "leaving")).toHaveLength(2);
  await world.clock.until("the other has its part", () => other.owned().length === 2, 60_000);
  for (let minute = 0; minute < 6; minute += 1) {
    await world.clock.advance(60_000);
    other.group.polled();
  }
  expect(stuck.owned()).toEqual([]);
  expect(other.owned()).toEqual([0, 1, 2, 3]);
  stuck.stuck = false;
  stuck.group.polled();
  await world.clock.until("both share", () => world.settled([stuck, other]), 5_000);
  expect(world.wrong).toEqual([]);
});

test("members of other topics, and partitions that come and go", async () => {
  const world = new GroupWorld(5, 6, 10);
  const [few, more] = [world.open([0, 1]), world.open([0, 1, 2, 3])];
  await world.clock.until("shared", () => few.owned().length === 2 && more.owned().length === 2, 2_000);
  expect([few.owned(), more.owned()]).toEqual([
    [0, 1],
    [2, 3],
  ]);
  few.reads([0, 1, 2, 3, 4, 5]);
  more.reads([0, 1, 2, 3, 4, 5]);
  await world.clock.until("the new ones too", () => world.settled(), 5_000);
  more.reads([]);
  expect(more.group.owned()).toEqual([]);
  await world.clock.until("one has all", () => few.owned().length === 6, 5_000);
});

test("where no message arrives each takes what it can, and the store decides", async () => {
  const world = new GroupWorld(6, 3, 50);
  world.channels.deaf = true;
  const [first, second] = [world.open(), world.open()];
  await world.clock.advance(1_000);
  expect(first.owned().length + second.owned().length).toBe(3);
  await world.clock.advance(120_000);
  expect(world.committed()).toEqual([50, 50, 50]);
  expect(world.wrong).toEqual([]);
});

test("one tab alone shows what waits for partitions that are not known yet, until it closes or freezes", async () => {
  const world = new GroupWorld(7, 2, 0);
  world.showsPending = true;
  const tabs = [world.open(), world.open(), world.open()];
  const reading = (): string[] => tabs.flatMap(({ name, group }) => (group.readsUnassigned ? [name] : []));
  await world.clock.advance(60_000);
  expect(reading()).toEqual(["tab0"]);
  void tabs[0]?.close();
  await world.clock.advance(1_000);
  expect(reading()).toEqual(["tab1"]);
  tabs[1]?.freezer.freeze();
  await world.clock.advance(SESSION_MS);
  expect(reading()).toEqual(["tab1", "tab2"]);
  tabs[1]?.freezer.thaw();
  await world.clock.settle();
  expect(reading()).toEqual(["tab2"]);
});

test("a steady group costs one question a round, and an answer of each", async () => {
  const world = new GroupWorld(8, 6, 0);
  for (let tab = 0; tab < 4; tab += 1) world.open();
  await world.clock.advance(10_000);
  world.messages = [];
  await world.clock.advance(60_000);
  // A round may have two questions where two ask in one moment.
  expect(world.messages.length).toBeGreaterThan(50 * 4);
  expect(world.messages.length).toBeLessThan(60 * 4 * 1.5);
});
