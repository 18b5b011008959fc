import { expect, test } from "vitest";
import { BackgroundSync } from "../../../client/page/background-sync.ts";

function asking() {
  const world = { pending: 0, registered: 0, refuses: false };
  const background = new BackgroundSync({
    pendingRecords: async () => world.pending,
    register: async () => {
      if (world.refuses) throw new Error("no service worker");
      world.registered += 1;
    },
  });
  const settled = async (): Promise<number> => {
    await new Promise((resolve) => setImmediate(resolve));
    return world.registered;
  };
  return { world, background, settled };
}

test("asked for once while offline with records, and again after the next time online", async () => {
  const { world, background, settled } = asking();
  background.onState(false);
  expect(await settled()).toBe(0);
  world.pending = 1;
  for (let append = 0; append < 3; append += 1) {
    background.appended();
    await settled();
  }
  expect(await settled()).toBe(1);
  background.onState(true);
  background.appended();
  expect(await settled()).toBe(1);
  background.onState(false);
  expect(await settled()).toBe(2);
});

test("asked for whenever a tab that was used is hidden with records, online or not", async () => {
  const { world, background, settled } = asking();
  world.pending = 1;
  background.hidden();
  expect(await settled()).toBe(0);
  background.onState(true);
  background.hidden();
  expect(await settled()).toBe(1);
  background.hidden();
  expect(await settled()).toBe(2);
  world.pending = 0;
  background.hidden();
  expect(await settled()).toBe(2);
});

test("where the browser refuses, it is asked again at the next occasion", async () => {
  const { world, background, settled } = asking();
  Object.assign(world, { pending: 1, refuses: true });
  background.onState(false);
  await settled();
  world.refuses = false;
  background.appended();
  expect(await settled()).toBe(1);
});
