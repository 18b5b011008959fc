import { describe, expect, test } from "vitest";
import type { LocalSequence, TopicId } from "../../../shared/brands.ts";
import { MemoryStore } from "../../../client/log/memory-store.ts";
import { Tab, valuesOf } from "./log-fixture.ts";

const ANEW = "33333333-2222-4333-8444-555555555555" as TopicId;

async function withLetter(store?: MemoryStore): Promise<Tab> {
  const tab = await Tab.known(store);
  await tab.append("orders-0: a b");
  await tab.refuseFirst("orders-0");
  await tab.append("orders-0: c");
  return tab;
}

async function again(tab: Tab, localSequence: number): Promise<string> {
  const place = await tab.log.outbox.sendAgain(await tab.ref("orders-0"), localSequence as LocalSequence);
  return place === null ? "nothing" : `${place.ref.partition}~${place.localSequence} ${place.count}`;
}

async function letters(tab: Tab): Promise<string> {
  return (await tab.log.outbox.deadLetters(10)).map(({ bytes }) => valuesOf(bytes)).join(" | ");
}

describe("a dead letter that is sent again", () => {
  test("stands behind all others of its partition, is no letter any more, and its receipts lead to it", async () => {
    const tab = await withLetter();
    expect(await again(tab, 1)).toBe("0~3 2");
    expect(await tab.pending("orders-0")).toBe("2: c | 3: a b");
    expect(await letters(tab)).toBe("");
    expect([await tab.find("orders-0", 0), await tab.find("orders-0", 1)]).toEqual([
      "pending orders-0~3",
      "pending orders-0~4",
    ]);
    await tab.commit("orders-0", 3, 10);
    expect(await tab.find("orders-0", 1)).toBe("committed orders-0~4 @12");
    expect(await tab.find("orders-0", 2)).toBe("committed orders-0~2 @10");
  });

  test("is sent once, though two tabs do it at once", async () => {
    const store = new MemoryStore();
    const tab = await withLetter(store);
    const other = await Tab.open(store);
    const done = await Promise.all([again(tab, 0), again(other, 0), again(other, 1), again(tab, 1)]);
    expect(done.toSorted()).toEqual(["0~3 2", "nothing", "nothing", "nothing"]);
    expect(await tab.pending("orders-0")).toBe("2: c | 3: a b");
  });

  test("comes between appends of another tab without taking their numbers", async () => {
    const store = new MemoryStore();
    const tab = await withLetter(store);
    const other = await Tab.open(store);
    const appends = Array.from({ length: 20 }, (_, index) => tab.append(`orders-0: ${index}`));
    await Promise.all([...appends, again(other, 0)]);
    const values = (await tab.pending("orders-0"))
      .split(" | ")
      .flatMap((batch) => batch.split(": ")[1]?.split(" ") ?? []);
    expect(values.filter((value) => value === "a" || value === "b")).toEqual(["a", "b"]);
    expect(values).toHaveLength(23);
  });

  test("changes nothing where its write is not known to have happened", async () => {
    const store = new MemoryStore();
    const tab = await withLetter(store);
    store.fault = () => "full";
    await expect(again(tab, 0)).rejects.toThrow(/room/);
    store.fault = () => null;
    expect(await letters(tab)).toBe("a b");
    expect(await tab.pending("orders-0")).toBe("2: c");
  });

  test("dies again as a letter of its own, and both numbers say so", async () => {
    const tab = await withLetter();
    await tab.commit("orders-0", 1, 5);
    await again(tab, 0);
    await tab.refuseFirst("orders-0");
    expect(await letters(tab)).toBe("a b");
    expect(await tab.find("orders-0", 1)).toBe("dead orders-0~4 INVALID_RECORD");
    expect(await again(tab, 3)).toBe("0~5 2");
  });

  test("goes to the topic that has its name now, or is refused where that lacks the partition", async () => {
    const tab = await withLetter();
    const old = await tab.ref("orders-0");
    await tab.learn("orders", 2, ANEW);
    expect(await tab.log.outbox.sendAgain(old, 0 as LocalSequence)).toMatchObject({ localSequence: 0, count: 2 });
    expect(await tab.pending("orders-0")).toBe("0: a b");
    const far = await Tab.known();
    await far.append("orders-5: x");
    await far.refuseFirst("orders-5");
    const there = await far.ref("orders-5");
    await far.learn("orders", 2, ANEW);
    await expect(far.log.outbox.sendAgain(there, 0 as LocalSequence)).rejects.toThrow(/partition 5/);
    expect(await letters(far)).toBe("x");
  });
});

describe("a dead letter that is discarded", () => {
  test("is gone, and its receipts still tell that it was refused", async () => {
    const tab = await withLetter();
    const ref = await tab.ref("orders-0");
    expect(await tab.log.outbox.discard(ref, 1 as LocalSequence)).toBe(true);
    expect(await tab.log.outbox.discard(ref, 1 as LocalSequence)).toBe(false);
    expect(await letters(tab)).toBe("");
    expect(await tab.find("orders-0", 1)).toBe("dead orders-0~1 INVALID_RECORD");
    expect(await again(tab, 0)).toBe("nothing");
    expect(await tab.find("orders-0", 2)).toBe("pending orders-0~2");
  });
});

describe("bytes that wait", () => {
  const bytes = async (tab: Tab): Promise<number[]> => (await tab.log.outbox.waiting()).map((one) => one.bytes);

  test("are counted exactly by appends, settlements, letters and moves", async () => {
    const tab = await Tab.known();
    const stored = async (place: string): Promise<number> => {
      const limit = { bytesMax: 1e9, countMax: 1e6 };
      const pending = await tab.log.outbox.read(await tab.ref(place), 0 as LocalSequence, limit);
      return pending.reduce((sum, batch) => sum + batch.bytes.byteLength, 0);
    };
    await tab.append("orders-0: a b");
    await tab.append("orders-0: c");
    expect(await bytes(tab)).toEqual([await stored("orders-0")]);
    await tab.refuseFirst("orders-0");
    expect(await bytes(tab)).toEqual([await stored("orders-0")]);
    await again(tab, 0);
    expect(await bytes(tab)).toEqual([await stored("orders-0")]);
    await tab.commit("orders-0", 3, 9);
    expect(await bytes(tab)).toEqual([]);
    await tab.append("flows: k=a l=b m=c");
    expect(await bytes(tab)).toEqual([await stored("flows")]);
    await tab.learn("flows", 1, ANEW);
    expect(await bytes(tab)).toEqual([await stored("flows-0")]);
  });
});
