/** R09: what a partition does to its log and to itself breaks off after each statement. It is whole, or it is not there. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { addressOf, dump, sql, within, type Tables } from "./aged-log.ts";
import { newDevice, type Device } from "./device.ts";
import { evict, newPlace, stubOf, type Place } from "./edge.ts";
import { fetchOne } from "./fetcher.ts";

beforeEach(() => void vi.spyOn(console, "error").mockReturnValue());
afterEach(() => void vi.restoreAllMocks());

/** The statement after `calm` others throws once it has run, and all behind it until it is mended. */
async function breakAfter(place: Place, calm: number): Promise<{ fired: () => boolean; mend: () => Promise<void> }> {
  let left = calm;
  let fired = false;
  let isBroken = true;
  await within(place, (_, { storage }) => {
    const exec = storage.sql.exec.bind(storage.sql);
    storage.sql.exec = (query, ...values) => {
      const cursor = exec(query, ...(values as never[]));
      if (!isBroken || query.trimStart().startsWith("SELECT")) return cursor as never;
      left -= 1;
      if (left >= 0) return cursor as never;
      fired = true;
      throw new Error("the disk is gone");
    };
  });
  return {
    fired: () => fired,
    mend: async () => {
      isBroken = false;
      await evict(place);
    },
  };
}

const text = (tables: Tables): string =>
  JSON.stringify(tables, (_key, value: unknown) =>
    value instanceof ArrayBuffer ? Array.from(new Uint8Array(value)) : value,
  );

interface Deed {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
  readonly act: (place: Place) => Promise<unknown>;
  /** What is true of a log in which it has happened. */
  readonly happened: (tables: Tables) => boolean;
}

const stateOf = (tables: Tables): { startOffset?: number } =>
  JSON.parse(`${(tables["log_state"]?.[0]?.["value"] as string | undefined) ?? "{}"}`) as { startOffset?: number };
const metaOf = (tables: Tables): { epochs: unknown[]; growths: unknown[] } =>
  JSON.parse(`${tables["meta"]?.[0]?.["value"] as string}`) as { epochs: unknown[]; growths: unknown[] };

const DEEDS: readonly Deed[] = [
  {
    name: "a deletion",
    config: {},
    act: async (place) => await stubOf(place).deleteRecords(addressOf(place), 5),
    happened: (tables) => stateOf(tables).startOffset === 5,
  },
  {
    name: "a deletion of everything",
    config: {},
    act: async (place) => await stubOf(place).deleteRecords(addressOf(place), -1),
    happened: (tables) => stateOf(tables).startOffset === 12 && tables["runs"]?.length === 0,
  },
  {
    name: "a growth and another config",
    config: {},
    act: async (place) => {
      const topic = { name: place.name, revision: 1_000, config: { "retention.ms": "-1" }, growths: [1] };
      return await stubOf(place).adopt(addressOf(place), topic);
    },
    happened: (tables) => metaOf(tables).growths.length === 1,
  },
  {
    name: "a new leader epoch",
    config: {},
    act: async (place) => await fetchOne({ ...place, offset: 0, leaderEpoch: { counter: 3, random: 1 } }),
    happened: (tables) => metaOf(tables).epochs.length === 2,
  },
  {
    name: "a turn of retention",
    config: { "retention.ms": "600000" },
    act: async (place) => await runDurableObjectAlarm(stubOf(place)),
    happened: (tables) => stateOf(tables).startOffset === 6,
  },
];

async function filled(config: Readonly<Record<string, string>>): Promise<{ place: Place; device: Device }> {
  const place = await newPlace(config);
  const devices = await Promise.all([newDevice(place), newDevice(place), newDevice(place)]);
  for (let run = 0; run < 12; run += 1) {
    const device = devices[run % 3] as Device;
    await device.send(device.batch({ key: "k", value: `${run}` }));
  }
  if (config["retention.ms"] !== undefined)
    await sql(place, "UPDATE runs SET appended_at = appended_at - 600000 WHERE base_offset < 6");
  return { place, device: devices[0] as Device };
}

test.each(DEEDS)("R09 $name is all or nothing", async ({ config, act, happened }) => {
  let statements = 0;
  for (; ; statements += 1) {
    const { place, device } = await filled(config);
    const before = await dump(place);
    const { fired, mend } = await breakAfter(place, statements);
    await act(place);
    const after = await dump(place);
    if (!fired()) {
      expect(happened(after)).toBe(true);
      break;
    }
    // What is one statement alone may have happened all the same.
    expect(text(after) === text(before) || happened(after)).toBe(true);
    await mend();
    await act(place);
    await vi.waitFor(async () => expect(happened(await dump(place))).toBe(true));
    await evict(place);
    expect(happened(await dump(place))).toBe(true);
    expect(await device.send(device.batch("next"))).toMatchObject({ error: null, baseOffset: 12, nextSequence: 5 });
  }
  expect(statements).toBeGreaterThanOrEqual(1);
});

test("R09 compaction that breaks off anywhere leaves a log that means the same, and ends when it is mended", async () => {
  let statements = 0;
  for (; statements < 40; statements += 1) {
    const { place } = await filled({ "cleanup.policy": "compact" });
    const before = (await dump(place))["runs"] ?? [];
    const { fired, mend } = await breakAfter(place, statements);
    await within(place, async (object) => await object.alarm());
    const after = (await dump(place))["runs"] ?? [];
    expect(after.length).toBe(before.length);
    for (const [index, row] of after.entries()) {
      const sizes = [row["size"], (row["bytes"] as ArrayBuffer).byteLength];
      expect(sizes[0]).toBe(sizes[1]);
      expect(row["size"] === before[index]?.["size"] ? row["received"] === null : row["received"] !== null).toBe(true);
    }
    if (!fired()) break;
    await mend();
    await within(place, async (object) => await object.alarm());
    const ended = (await dump(place))["runs"] ?? [];
    expect(ended.filter((row) => row["size"] !== 0).length).toBe(2);
  }
  expect(statements).toBeGreaterThan(5);
  expect(statements).toBeLessThan(40);
});
