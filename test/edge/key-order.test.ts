/** `keyOrder`: what stands behind the barrier of a growth comes after what its keys had in the older partitions. */
import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { addressOf } from "./aged-log.ts";
import { plainBatch, produceRun } from "./device.ts";
import { call, evict, newPlace, stubOf, type Place } from "./edge.ts";
import { fetchFrom } from "./fetcher.ts";
import { TailClient } from "./tail-client.ts";

/** A topic that grew from one partition to two, when the first held two records; each has one more behind its barrier. */
async function grown(): Promise<[Place, Place]> {
  const old = await newPlace({}, 2);
  const young = { ...old, partition: 1 };
  await produceRun(old, plainBatch(["0-0"]));
  await produceRun(old, plainBatch(["0-1"]));
  const state = { name: old.name, revision: 1_000, config: {}, growths: [1] };
  for (const place of [old, young])
    expect(await stubOf(place).adopt(addressOf(place), state)).toMatchObject({ ok: true });
  await produceRun(old, plainBatch(["0-2"]));
  await produceRun(young, plainBatch(["1-0"]));
  return [old, young];
}

const found = (answers: readonly { found: readonly string[] }[]): unknown => answers.map((one) => one.found);

test("what a growth moved waits until the reader is behind what was there before", async () => {
  const [old, young] = await grown();
  for (const fresh of [false, true]) {
    if (fresh) await evict(young);
    const first = await fetchFrom([old, young], { keyOrder: true });
    expect(found(first)).toEqual([["0+1", "1+1"], []]);
    expect(first.map(({ nextOffset }) => nextOffset)).toEqual([2, 0]);
    const middle = await fetchFrom([{ ...old, offset: 1 }, young], { keyOrder: true });
    expect(found(middle)).toEqual([["1+1"], []]);
    const second = await fetchFrom([{ ...old, offset: 2 }, young], { keyOrder: true });
    expect(found(second)).toEqual([["2+1"], ["0+1"]]);
  }
  // Who does not ask for it gets all there is.
  expect(found(await fetchFrom([old, young]))).toEqual([["0+1", "1+1", "2+1"], ["0+1"]]);
});

test("the order of the request does not matter, and a barrier is not waited at while there is something to read", async () => {
  const [old, young] = await grown();
  const begun = Date.now();
  const [second, first] = await fetchFrom([young, old], { keyOrder: true, maxWaitMs: 5_000, minBytes: 1 });
  expect([second?.found, first?.found]).toEqual([[], ["0+1", "1+1"]]);
  expect(Date.now() - begun).toBeLessThan(2_000);
});

test("a request without the older partition is told which one is missing", async () => {
  const [, young] = await grown();
  const [alone] = await fetchFrom([young], { keyOrder: true });
  expect(alone?.error).toMatchObject({ code: "INVALID_REQUEST", partition: 0 });
  expect(alone?.bytes).toBe(0);
  const [without] = await fetchFrom([young]);
  expect(without).toMatchObject({ error: null, found: ["0+1"] });
});

test("a second growth is a barrier of its own", async () => {
  const [old, young] = await grown();
  const state = { name: old.name, revision: 2_000, config: {}, growths: [1, 2] };
  for (const place of [old, young]) await stubOf(place).adopt(addressOf(place), state);
  await produceRun(old, plainBatch(["0-3"]));
  await produceRun(young, plainBatch(["1-1"]));
  const at = async (a: number, b: number): Promise<unknown> =>
    found(
      await fetchFrom(
        [
          { ...old, offset: a },
          { ...young, offset: b },
        ],
        { keyOrder: true },
      ),
    );
  expect(await at(0, 0)).toEqual([["0+1", "1+1"], []]);
  expect(await at(2, 0)).toEqual([["2+1"], ["0+1"]]);
  expect(await at(3, 0)).toEqual([[], ["0+1"]]);
  expect(await at(3, 1)).toEqual([["3+1"], ["1+1"]]);
});

test("a late message of an older revision moves no barrier, and the same one again neither", async () => {
  const [old, young] = await grown();
  for (const revision of [1_000, 999]) {
    const state = { name: old.name, revision, config: {}, growths: [1] };
    for (const place of [old, young]) await stubOf(place).adopt(addressOf(place), state);
  }
  const description = await stubOf(old).bounds(addressOf(old));
  expect(description).toMatchObject({ ok: true, value: { growths: [{ from: 1, at: 2 }] } });
});

/** A topic that grew from one partition to two by its controller; then the first one's storage goes back to before. */
async function forgotten(): Promise<[Place, Place]> {
  const old = await newPlace({}, 1);
  const young = { ...old, partition: 1 };
  await produceRun(old, plainBatch(["0-0"]));
  const meta = async (value: string | null): Promise<string> =>
    await runInDurableObject(stubOf(old), (_, { storage: { sql } }) => {
      if (value !== null) sql.exec("UPDATE meta SET value = ?", value);
      return sql.exec<{ value: string }>("SELECT value FROM meta").one().value;
    });
  const before = await meta(null);
  expect((await call(`/v1/topics/${old.name}/partitions`, { json: { partitionCount: 2 } })).status).toBe(200);
  await produceRun(young, plainBatch(["1-0"]));
  await meta(before);
  await evict(old);
  return [old, young];
}

test("a partition whose storage went back to before a growth is told again, and no reader waits for ever", async () => {
  const [old, young] = await forgotten();
  expect(found(await fetchFrom([{ ...old, offset: 1 }, young], { keyOrder: true }))).toEqual([[], []]);
  expect(found(await fetchFrom([{ ...old, offset: 1 }, young], { keyOrder: true }))).toEqual([[], ["0+1"]]);
});

test("nor does one that tails", async () => {
  const [old, young] = await forgotten();
  const tail = await TailClient.open();
  tail.subscribe(old, { id: 1, keyOrder: true });
  tail.subscribe(young, { id: 2, keyOrder: true });
  await tail.untilValues(["0:0-0"], 1);
  await tail.untilValues(["0:1-0"], 2);
  expect(tail.frames("error")).toEqual([]);
  tail.close();
});
