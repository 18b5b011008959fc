/** Topics of the device alone, changed under tabs that write to them. */
import { expect, test } from "vitest";
import type { Offset } from "../../../shared/brands.ts";
import { Tab, valuesOf } from "./log-fixture.ts";

async function twoTabs(): Promise<readonly [Tab, Tab]> {
  const here = await Tab.open(undefined, { localPartitionCount: 2 });
  return [here, await Tab.open(here.store, { localPartitionCount: 2 })];
}

async function held(tab: Tab, place: string, from = 0): Promise<string> {
  const { runs } = await tab.log.replica.read(await tab.ref(place), from as Offset, 1e9);
  return runs.map(valuesOf).join(" ");
}

async function remove(tab: Tab, name: string): Promise<void> {
  await tab.log.topicAdmin.delete((await tab.ref(`${name}-0`)).topicKey);
}

test("what is appended after a deletion is in the new topic, whatever the tab remembers of the old one", async () => {
  const [here, there] = await twoTabs();
  await there.append("t-0: a b");
  await here.append("t-0: c");
  await remove(here, "t");
  // Partition 1 had no row; of partition 0 the tab predicts one.
  expect(await there.append("t-1: d")).toBe("t-1~0@0");
  expect(await there.append("t-0: e")).toBe("t-0~0@0");
  expect([await held(here, "t-0"), await held(here, "t-1")]).toEqual(["e", "d"]);
  const all = await here.log.catalog.all();
  expect(all.map(({ name, retired }) => [name, retired])).toEqual([
    ["t", true],
    ["t", false],
  ]);
});

test("appends that meet a deletion are gone with the old topic or stand in the new one: none is in both or in neither", async () => {
  for (let turn = 0; turn < 20; turn += 1) {
    const [here, there] = await twoTabs();
    await there.append("t-0: first");
    const before = await there.ref("t-0");
    const appends = Array.from({ length: turn % 5 }, async (_, index) => await there.append(`t-0: ${index}`));
    const removed = remove(here, "t");
    const after = there.append("t-1: last");
    await Promise.all([...appends, removed, after]);
    await there.append("t-0: behind");
    expect((await there.log.replica.read(before, 0 as Offset, 1e9)).runs).toEqual([]);
    const row = await there.log.catalog.byName("t");
    expect(row?.topicKey).not.toBe(before.topicKey);
    expect((await held(there, "t-0")).endsWith("behind")).toBe(true);
  }
});

test("a deletion takes the groups' offsets of that topic along, and of no other", async () => {
  const [tab] = await twoTabs();
  await tab.append("t-0: a", "u-0: b");
  const refs = [await tab.ref("t-0"), await tab.ref("u-0")] as const;
  for (const ref of refs) await tab.log.replica.commit("g", [{ ref, offset: 1 as Offset }]);
  await remove(tab, "t");
  expect(await Promise.all(refs.map((ref) => tab.log.replica.committed("g", ref)))).toEqual([null, 1]);
  await tab.log.topicAdmin.delete(refs[0].topicKey);
  expect(await held(tab, "u-0")).toBe("b");
});

test("new partitions are taken by tabs that knew fewer, and none is taken away", async () => {
  const [here, there] = await twoTabs();
  await there.append("t-0: a");
  const { topicKey } = await there.ref("t-0");
  await here.log.topicAdmin.grow(topicKey, 4);
  await here.log.topicAdmin.grow(topicKey, 3);
  expect(await there.append("t-3: b")).toBe("t-3~0@0");
  expect((await there.log.catalog.byName("t"))?.partitionCount).toBe(4);
});

test("records are deleted up to an offset, whole batches of them, and the rest of a batch is below the start", async () => {
  const [tab] = await twoTabs();
  for (const batch of ["a b c", "d e", "f"]) await tab.append(`t-0: ${batch}`);
  const ref = await tab.ref("t-0");
  const before = async (offset: number): Promise<void> =>
    await tab.log.topicAdmin.deleteRecords([{ ref, offset: offset as Offset }]);
  const bounds = async (): Promise<unknown> => {
    const { logStartOffset, highWatermark } = await tab.log.replica.read(ref, 0 as Offset, 1);
    return [logStartOffset, highWatermark, await held(tab, "t-0")];
  };
  await before(2);
  expect(await bounds()).toEqual([2, 6, "a b c d e f"]);
  await before(1);
  expect(await bounds()).toEqual([2, 6, "a b c d e f"]);
  await before(4);
  expect(await bounds()).toEqual([4, 6, "d e f"]);
  await before(5);
  expect(await bounds()).toEqual([5, 6, "f"]);
  await expect(before(7)).rejects.toMatchObject({
    code: "OFFSET_OUT_OF_RANGE",
    details: { offset: 7, highWatermark: 6 },
  });
  await before(6);
  expect(await bounds()).toEqual([6, 6, ""]);
  expect(await tab.append("t-0: g")).toBe("t-0~6@6");
  expect(await held(tab, "t-0", 6)).toBe("g");
  const other = await tab.ref("t-1");
  const both = [
    { ref, offset: 7 as Offset },
    { ref: other, offset: 1 as Offset },
  ];
  await expect(tab.log.topicAdmin.deleteRecords(both)).rejects.toMatchObject({ code: "OFFSET_OUT_OF_RANGE" });
  expect(await bounds()).toEqual([6, 7, "g"]);
});
