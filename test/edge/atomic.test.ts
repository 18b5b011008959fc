/** R09: a write breaks off after each of its SQL statements. Nothing of it is there, and the next one goes through. */
import { runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { breakWriteAfter } from "./broken-write.ts";
import { newDevice, type Device } from "./device.ts";
import { evict, newPlace, stubOf, valuesOf, type Place } from "./edge.ts";

beforeEach(() => void vi.spyOn(console, "error").mockReturnValue());
afterEach(() => void vi.restoreAllMocks());

/** Of the partition. Returns whether it has happened. */
async function breakAfter(place: Place, calm: number): Promise<() => boolean> {
  let fired = (): boolean => false;
  await runInDurableObject(stubOf(place), (_, { storage: { sql } }) => void (fired = breakWriteAfter(sql, calm)));
  return () => fired();
}

/** All rows of all tables but the counter that SQLite keeps, as text. */
async function dump(place: Place): Promise<string> {
  return await runInDurableObject(stubOf(place), (_, { storage: { sql } }) => {
    const names = sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
      .toArray();
    const own = names.filter(({ name }) => ["meta", "runs", "producer_shards"].includes(name));
    const rows = own.map(({ name }) => [name, sql.exec(`SELECT * FROM ${name}`).toArray()]);
    return JSON.stringify(rows, (_key, value: unknown) =>
      value instanceof ArrayBuffer ? Array.from(new Uint8Array(value)) : value,
    );
  });
}

interface Write {
  readonly name: string;
  /** What is there before. */
  readonly prepare: (device: Device) => Promise<void>;
  readonly statementsMin: number;
}

async function sendNine(device: Device): Promise<void> {
  for (let count = 0; count < 9; count += 1) await device.send(device.batch(`${count}`));
}

const APPENDS: readonly Write[] = [
  { name: "the first append ever, tables and all", prepare: async () => undefined, statementsMin: 6 },
  { name: "an append", prepare: async (device) => void (await device.send(device.batch("0"))), statementsMin: 1 },
  { name: "an append with a snapshot", prepare: sendNine, statementsMin: 2 },
];

test.each(APPENDS)("R09 $name is all or nothing", async ({ prepare, statementsMin }) => {
  let statements = 0;
  for (; ; statements += 1) {
    const place = await newPlace();
    const device = await newDevice(place);
    await prepare(device);
    const values = Array.from({ length: device.sequence }, (_, index) => `${index}`);
    const batch = device.batch("x", "y");
    const before = await dump(place);
    const fired = await breakAfter(place, statements);
    const answer = await device.send(batch);
    if (!fired()) {
      expect(answer.error).toBeNull();
      break;
    }
    expect(answer).toMatchObject({ error: { code: "KAFKA_STORAGE_ERROR", retriable: true }, held: [] });
    expect(answer.error?.message).not.toContain("disk");
    const after = await dump(place);
    // The partition's birth is a write of its own.
    if (after !== before)
      expect([before, JSON.parse(after)]).toMatchObject([
        "[]",
        [
          ["meta", [{}]],
          ["producer_shards", []],
          ["runs", []],
        ],
      ]);
    const again = await device.send(batch);
    expect(again).toMatchObject({
      error: null,
      baseOffset: values.length,
      nextSequence: device.sequence,
      chain: device.chain,
    });
    await evict(place);
    expect(await device.send(batch)).toMatchObject({ error: null, baseOffset: values.length, chain: device.chain });
    expect(await valuesOf(place)).toEqual([...values, "x", "y"]);
  }
  expect(statements).toBeGreaterThanOrEqual(statementsMin);
});

test("R09 giving up is all or nothing", async () => {
  let statements = 0;
  for (; ; statements += 1) {
    const place = await newPlace();
    const device = await newDevice(place);
    await device.send(device.batch("a"));
    const { chain } = device;
    const dead = device.batch("x", "y");
    const before = await dump(place);
    const fired = await breakAfter(place, statements);
    const answer: unknown = await device.reconcile([dead], true);
    if (!fired()) {
      expect(answer).toMatchObject({ nextSequence: 3, batches: [{ verdict: "void" }] });
      break;
    }
    expect(answer).toMatchObject({ error: { code: "KAFKA_STORAGE_ERROR" } });
    expect(await dump(place)).toBe(before);
    expect(await device.reconcile([dead])).toMatchObject({ nextSequence: 1, chain, batches: [{ verdict: "absent" }] });
    expect(await device.reconcile([dead], true)).toMatchObject({ nextSequence: 3, batches: [{ verdict: "void" }] });
    await evict(place);
    expect(await device.reconcile([dead])).toMatchObject({ nextSequence: 3, batches: [{ verdict: "void" }] });
  }
  expect(statements).toBeGreaterThanOrEqual(1);
});

test("R09 a write that happened although it was reported as failed is found by the next request", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  await device.send(device.batch("a"));
  await runInDurableObject(stubOf(place), (_, { storage }) => {
    const transaction = storage.transactionSync.bind(storage);
    storage.transactionSync = (body) => {
      transaction(body);
      storage.transactionSync = transaction;
      throw new Error("the disk is gone");
    };
  });
  const batch = device.batch("b");
  expect(await device.send(batch)).toMatchObject({ error: { code: "KAFKA_STORAGE_ERROR", retriable: true } });
  expect(await device.send(batch)).toMatchObject({ error: null, baseOffset: 1, nextSequence: 2, highWatermark: 2 });
  expect(await device.send(device.batch("c"))).toMatchObject({ error: null, baseOffset: 2 });
  expect(await valuesOf(place)).toEqual(["a", "b", "c"]);
});
