/** What the edge has acknowledged, under evictions, aborts, duplicates and disorder. Every run names its seed. */
import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { ProducePartitionAnswer } from "../../shared/api/produce.ts";
import { seeded } from "../harness/seeded.ts";
import { newDevice, type Device, type SealedBatch } from "./device.ts";
import { evict, newPlace, recordsOf, stubOf, valuesOf, type Place } from "./edge.ts";

/** A whole number in [0, limit). */
type Below = (limit: number) => number;

function belowOf(seed: number): Below {
  const random = seeded(seed);
  return (limit) => Math.floor(random() * limit);
}

/** Batches of one to three records; each value names its device and its position. */
function batchesOf(device: Device, name: string, count: number, below: Below): SealedBatch[] {
  let next = 0;
  return Array.from({ length: count }, () => {
    const values = Array.from({ length: 1 + below(3) }, () => `${name}${next++}`);
    return device.batch(...values);
  });
}

/** Sends until it is acknowledged, as a device does; a request that breaks may or may not have happened. */
async function sendUntilAcked(
  device: Device,
  onBroken: () => void,
  ...batches: SealedBatch[]
): Promise<ProducePartitionAnswer> {
  for (let tries = 0; tries < 50; tries += 1) {
    const answer = await device.send(...batches).catch(() => null);
    const isBroken = answer === null || answer.error?.retriable === true;
    if (isBroken) onBroken();
    if (isBroken) continue;
    if (answer.error !== null) throw new Error(answer.error.message);
    return answer;
  }
  throw new Error("never acknowledged");
}

const ABORTS = ["before", "within", "after", "before the answer"] as const;

/** The object goes the way of a crashed machine, once, at that point of its next write. */
async function abortNextAppend(place: Place, when: (typeof ABORTS)[number]): Promise<void> {
  const patched = runInDurableObject(stubOf(place), (_, state) => {
    const { storage } = state;
    const transaction = storage.transactionSync.bind(storage);
    storage.transactionSync = (body) => {
      if (when === "before") state.abort(when);
      const result = transaction(() => {
        const written = body();
        if (when === "within") state.abort(when);
        return written;
      });
      if (when === "after") state.abort(when);
      queueMicrotask(() => state.abort(when));
      return result;
    };
  });
  // The object may go while it is asked: by the write of another device.
  await patched.catch(() => undefined);
}

/** Offset by value, as the answers told it. */
function note(acked: Map<string, number>, name: string, answer: ProducePartitionAnswer): void {
  for (const { sequence, count, baseOffset } of answer.held) {
    for (let index = 0; index < count; index += 1) acked.set(`${name}${sequence + index}`, baseOffset + index);
  }
}

async function expectAt(place: Place, acked: ReadonlyMap<string, number>): Promise<void> {
  const found = new Map((await recordsOf(place)).map((record) => [record.value ?? "", record.offset]));
  for (const [value, offset] of acked) expect([value, found.get(value)]).toEqual([value, offset]);
}

afterEach(() => void vi.restoreAllMocks());

describe.each([1, 2, 3])("seed %i:", (seed) => {
  test("R01 a record stays at the offset it was acked at, over evictions between requests", async () => {
    const below = belowOf(seed);
    const place = await newPlace();
    const device = await newDevice(place);
    const acked = new Map<string, number>();
    for (const batch of batchesOf(device, "a", 40, below)) {
      note(acked, "a", await device.send(batch));
      if (below(3) === 0) await evict(place);
      if (below(10) === 0) await expectAt(place, acked);
    }
    await evict(place);
    await expectAt(place, acked);
    expect(acked.size).toBe(device.sequence);
  });

  test("R01 R04 the same while objects are aborted under requests; order is kept", async () => {
    vi.spyOn(console, "error").mockReturnValue();
    const below = belowOf(seed);
    const place = await newPlace();
    const acked = new Map<string, number>();
    let broken = 0;
    const devices = await Promise.all(["a", "b", "c"].map(async (name) => ({ name, device: await newDevice(place) })));
    const working = devices.map(async ({ name, device }) => {
      for (const batch of batchesOf(device, name, 12, below)) {
        if (below(2) === 0) await abortNextAppend(place, ABORTS[below(ABORTS.length)] ?? "before");
        note(acked, name, await sendUntilAcked(device, () => void (broken += 1), batch));
      }
    });
    await Promise.all(working);

    expect(broken).toBeGreaterThan(0);
    await expectAt(place, acked);
    const values = await valuesOf(place);
    for (const { name, device } of devices) {
      const own = values.filter((value) => value?.startsWith(name) === true);
      expect(own).toEqual(Array.from({ length: device.sequence }, (_, index) => `${name}${index}`));
    }
  });

  test("R02 R04 duplicated, late and reordered requests put each record at one offset, in order", async () => {
    const below = belowOf(seed);
    const place = await newPlace();
    const device = await newDevice(place);
    const batches = batchesOf(device, "a", 30, below);
    const codes = new Set<string>();
    const acked = new Map<string, number>();
    const send = async (from: number, to: number): Promise<void> => {
      const answer = await device.send(...batches.slice(from, to));
      note(acked, "a", answer);
      codes.add(answer.error?.code ?? "held");
    };
    for (let at = 0; at < batches.length; at += 3) {
      const sends = Array.from({ length: 6 }, async () => {
        const from = Math.max(0, at + 2 - below(6));
        await new Promise((resolve) => setTimeout(resolve, below(4)));
        await send(from, Math.min(batches.length, from + 1 + below(4)));
      });
      await Promise.all(sends);
      if (below(4) === 0) await evict(place);
      await send(0, at + 3);
    }
    expect(await valuesOf(place)).toEqual(Array.from({ length: device.sequence }, (_, index) => `a${index}`));
    await expectAt(place, acked);
    expect(Array.from(codes)).toEqual(
      expect.arrayContaining(["held", "DUPLICATE_SEQUENCE_NUMBER", "OUT_OF_ORDER_SEQUENCE_NUMBER"]),
    );
  });
});

test("R04 a refusal in the middle lets nothing behind it overtake", async () => {
  const place = await newPlace({ "max.message.bytes": "200" });
  const device = await newDevice(place);
  const [a, large, c] = [device.batch("a"), device.batch("x".repeat(300)), device.batch("c")];
  const answers = [await device.send(a), await device.send(large, c), await device.send(c)];
  expect(answers.map((answer) => answer.error?.code ?? null)).toEqual([
    null,
    "MESSAGE_TOO_LARGE",
    "OUT_OF_ORDER_SEQUENCE_NUMBER",
  ]);
  expect(await valuesOf(place)).toEqual(["a"]);
});
