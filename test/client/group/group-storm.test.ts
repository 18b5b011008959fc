/** Tabs that come, close, freeze, thaw and die at random: every record is handled, and twice only where a tab froze or died. */
import { expect, test } from "vitest";
import { GroupWorld, type GroupTab } from "./group-world.ts";

const TABS_MAX = 8;
const PARTITIONS = 12;
const STEPS = 24;
const RECORDS = 120;
/** In the last a tab wakes that was given a lock while it was frozen, and robbed of it. */
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 40];

interface Faults {
  readonly freezes: boolean;
  readonly deaths: boolean;
}

async function storm(seed: number, { freezes, deaths }: Faults): Promise<{ world: GroupWorld; faulty: Set<GroupTab> }> {
  const world = new GroupWorld(seed, PARTITIONS, RECORDS);
  const { random, clock } = world;
  const faulty = new Set<GroupTab>();
  const closing: Promise<void>[] = [];
  world.open();
  for (let step = 0; step < STEPS; step += 1) {
    const open = world.tabs.filter(({ over }) => !over);
    const running = open.filter(({ freezer }) => !freezer.frozen);
    const frozen = open.filter(({ freezer }) => freezer.frozen);
    const dice = random.below(10);
    if (dice < 4 && open.length < TABS_MAX) world.open();
    else if (dice < 6 && running.length > 1) closing.push(random.pick(running).close());
    else if (dice === 6 && freezes && running.length > 1) {
      const tab = random.pick(running);
      faulty.add(tab);
      tab.freezer.freeze();
    } else if (dice === 7 && deaths && running.length > 1) {
      const tab = random.pick(running);
      faulty.add(tab);
      tab.die();
    } else if (dice > 7 && frozen.length > 0) random.pick(frozen).freezer.thaw();
    await clock.advance(random.chance(0.3) ? random.below(15_000) : random.below(800));
  }
  for (const tab of world.tabs) if (!tab.over) tab.freezer.thaw();
  await clock.until("they share it fairly", () => world.settled(), 20_000);
  // And so it stays.
  await clock.advance(3_000);
  expect(world.settled()).toBe(true);
  await clock.until("all is committed", () => world.committed().every((offset) => offset === RECORDS), 120_000);
  for (const tab of world.tabs) if (!tab.over) closing.push(tab.close());
  await clock.advance(1_000);
  await Promise.all(closing);
  return { world, faulty };
}

test.each([
  ["closes alone", { freezes: false, deaths: false }],
  ["deaths", { freezes: false, deaths: true }],
  ["freezes", { freezes: true, deaths: false }],
  ["all of it", { freezes: true, deaths: true }],
])("a storm of %s", async (_, faults) => {
  let doubled = 0;
  for (const seed of SEEDS) {
    const { world, faulty } = await storm(seed, faults);
    expect(world.wrong, `seed ${seed}`).toEqual([]);
    expect(world.handlers.size, `seed ${seed}`).toBe(PARTITIONS * RECORDS);
    for (const [place, handlers] of world.handlers) {
      if (handlers.length === 1) continue;
      doubled += 1;
      // Of those who handled it all but one had lost what they did.
      expect(handlers.filter((tab) => !faulty.has(tab)).length, `seed ${seed}: ${place}`).toBeLessThanOrEqual(1);
    }
  }
  if (!faults.freezes && !faults.deaths) expect(doubled).toBe(0);
  else expect(doubled).toBeGreaterThan(0);
});
