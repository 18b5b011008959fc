/** Any log, compacted in any slices, interrupted anywhere: against a map of the latest of each key. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Compaction } from "../../edge/partition/compaction/compaction.ts";
import { COMPACTION_LIMITS, type CompactionLimits } from "../../edge/partition/compaction/compaction-limits.ts";
import { MemoryLog, STEP, compact, readAll, show } from "./compaction-fixture.ts";

type Found = Awaited<ReturnType<typeof readAll>>;

const record = fc
  .tuple(fc.constantFrom("a", "b", "c", "d", "e", "."), fc.option(fc.nat(99), { freq: 3 }))
  .map(([key, value]) => `${key}${value ?? "-"}`);
const batch = fc
  .tuple(fc.constantFrom("", "", "", "gzip: "), fc.array(record, { minLength: 1, maxLength: 5 }))
  .map(([kind, list]) => kind + list.join(" "));
const batchMaybeSealed = fc
  .tuple(fc.constantFrom("", "", "", "gzip: ", "snappy: "), fc.array(record, { minLength: 1, maxLength: 5 }))
  .map(([kind, list]) => kind + list.join(" "));
const row = fc.array(batch, { minLength: 1, maxLength: 3 }).map((list) => list.join(" | "));
const script = fc.array(row, { minLength: 1, maxLength: 8 }).map((list) => list.join(" / "));
const sealedScript = fc
  .array(fc.array(batchMaybeSealed, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 8 })
  .map((rows) => rows.map((list) => list.join(" | ")).join(" / "));

const limits: fc.Arbitrary<CompactionLimits> = fc
  .record({
    mapKeysMax: fc.integer({ min: 1, max: 6 }),
    sliceRowsMax: fc.integer({ min: 1, max: 4 }),
    sliceBytesMax: fc.constantFrom(1, 300, 10_000),
  })
  .map((small) => ({ ...COMPACTION_LIMITS, ...small }));

/** What a reader holds who has read all of it. */
function stateOf(found: Found): Map<string, string> {
  const state = new Map<string, string>();
  for (const { key, word } of found) {
    if (key === null) continue;
    if (word === `${key}-`) state.delete(key);
    else state.set(key, word);
  }
  return state;
}

/** What has to be left of records below the tail. */
function keptOf(found: Found, options: { readonly tail: number; readonly tombstones: boolean }): Found {
  const below = found.filter(({ offset }) => offset < options.tail);
  const latest = new Map(below.map(({ key, offset }) => [key, offset]));
  const kept = below.filter(({ key, offset }) => key === null || latest.get(key) === offset);
  const left = options.tombstones ? kept : kept.filter(({ key, word }) => key === null || word !== `${key}-`);
  return [...left, ...found.filter(({ offset }) => offset >= options.tail)];
}

async function logOf(text: string): Promise<MemoryLog> {
  const log = new MemoryLog();
  await log.write(text);
  return log;
}

const tailOf = (log: MemoryLog): number => log.rows.at(-1)?.baseOffset ?? 0;

test("what is left is the latest of each key, at its offset, and tombstones for their time", async () => {
  await fc.assert(
    fc.asyncProperty(script, limits, async (text, small) => {
      const log = await logOf(text);
      const before = await readAll(log);
      const tailBytes = log.rows.at(-1)?.bytes;
      const tail = tailOf(log);
      await compact(log, { nowMs: 10, force: true, limits: small });
      expect(await readAll(log)).toEqual(keptOf(before, { tail, tombstones: true }));
      await compact(log, { nowMs: 9 + STEP.deleteRetentionMs, limits: small });
      expect(await readAll(log)).toEqual(keptOf(before, { tail, tombstones: true }));
      await compact(log, { nowMs: 10 + STEP.deleteRetentionMs, limits: small });
      expect(await readAll(log)).toEqual(keptOf(before, { tail, tombstones: false }));
      expect(log.rows.at(-1)?.bytes).toBe(tailBytes);
    }),
  );
});

interface Round {
  readonly text: string;
  readonly steps: number;
  readonly waitMs: number;
  readonly evicted: boolean;
}

const round: fc.Arbitrary<Round> = fc.record({
  text: script,
  steps: fc.nat(12),
  waitMs: fc.nat(1_500),
  evicted: fc.boolean(),
});

test("appends, evictions and time in between: a reader never learns anything else", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 5 }), limits, async (rounds, small) => {
      const log = new MemoryLog();
      const whole = new MemoryLog();
      let compaction = new Compaction(log, log, { limits: small });
      let nowMs = 0;
      for (const { text, steps, waitMs, evicted } of rounds) {
        await log.write(text, nowMs);
        await whole.write(text, nowMs);
        const all = await readAll(whole);
        if (evicted) compaction = new Compaction(log, log, { limits: small });
        for (let count = 0; count < steps; count += 1) {
          await compaction.step({ ...STEP, nowMs, force: true });
          const left = await readAll(log);
          expect(stateOf(left)).toEqual(stateOf(all));
          expect(left.filter(({ offset, word }) => all[offset]?.word !== word)).toEqual([]);
        }
        nowMs += waitMs;
      }
      const options = { force: true, limits: small };
      await compact(log, { nowMs, ...options });
      await compact(log, { nowMs: nowMs + STEP.deleteRetentionMs, ...options });
      const all = await readAll(whole);
      expect(await readAll(log)).toEqual(keptOf(all, { tail: tailOf(log), tombstones: false }));
    }),
  );
});

test("interrupted after any number of steps, the log ends the same", async () => {
  await fc.assert(
    fc.asyncProperty(script, limits, async (text, small) => {
      const straight = await logOf(text);
      const steps = await compact(straight, { force: true, limits: small });
      const shown = await show(straight);
      for (let after = 1; after < steps; after += 1) {
        const log = await logOf(text);
        const interrupted = new Compaction(log, log, { limits: small });
        for (let count = 0; count < after; count += 1) await interrupted.step({ ...STEP, force: true });
        await compact(log, { force: true, limits: small });
        expect(await show(log)).toBe(shown);
        expect(log.rows.map(columnsOf)).toEqual(straight.rows.map(columnsOf));
        expect(log.state.cleanedTo).toBe(straight.state.cleanedTo);
      }
    }),
    { numRuns: 40 },
  );
});

function columnsOf({ baseOffset, tombstonesSince, received }: MemoryLog["rows"][number]): unknown {
  return { baseOffset, tombstonesSince, received };
}

test("with batches that only others can open: theirs stay, and no tombstone behind them goes", async () => {
  await fc.assert(
    fc.asyncProperty(sealedScript, limits, async (text, small) => {
      const log = await logOf(text);
      const before = await readAll(log);
      const sealedBytes = sealedIn(log);
      const tail = tailOf(log);
      await compact(log, { force: true, limits: small });
      expect(await readAll(log)).toEqual(keptOf(before, { tail, tombstones: true }));
      await compact(log, { nowMs: STEP.deleteRetentionMs, limits: small });
      const kept = keptOf(before, { tail, tombstones: true });
      const sealedAt = sealedBytes[0]?.offset ?? tail;
      const isGone = ({ key, word, offset }: Found[number]): boolean =>
        key !== null && word === `${key}-` && offset < Math.min(sealedAt, tail);
      const left = await readAll(log);
      expect(kept).toEqual(expect.arrayContaining(left));
      // Tombstones before the first of them in the same row may wait for the next pass: nothing promises when.
      expect(left).toEqual(expect.arrayContaining(kept.filter((found) => !isGone(found))));
      expect(sealedIn(log)).toEqual(sealedBytes);
    }),
  );
});

/** Bytes of the batches that `readAll` leaves out. */
function sealedIn(log: MemoryLog): { offset: number; bytes: string }[] {
  return log.rows.flatMap(({ bytes }) => {
    const found: { offset: number; bytes: string }[] = [];
    for (let at = 0; at < bytes.length; at += 12 + Buffer.from(bytes).readInt32BE(at + 8)) {
      const view = Buffer.from(bytes);
      const end = at + 12 + view.readInt32BE(at + 8);
      if ((view.readInt16BE(at + 21) & 7) === 2)
        found.push({ offset: Number(view.readBigInt64BE(at)), bytes: view.toString("hex", at, end) });
    }
    return found;
  });
}
