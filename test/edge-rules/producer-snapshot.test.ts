/** The format of a shard's snapshot, in pages and as one page: what is written is read, what was damaged is said to be. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { pageOf, PAGES } from "../../edge/partition/producer-place.ts";
import { EMPTY_SNAPSHOT, SnapshotMerge } from "../../edge/partition/producer-snapshot-merge.ts";
import type { ProducerState } from "../../edge/partition/producer-state.ts";
import { DIRECTORY_BYTES, ShardDirectory, type SnapshotHead } from "../../edge/partition/shard-directory.ts";
import { EMPTY_SHARD, openPage, openPages, ShardMerge, type ShardBytes } from "../../edge/partition/shard-merge.ts";
import type { Chain, ProducerId } from "../../shared/brands.ts";
import { hexOf } from "../../shared/producer-identity.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";

const HEAD: SnapshotHead = { replayFrom: 2 ** 40, runsSinceDue: 7, wallMs: 1_700_000_000_000, swept: true };

const uint32 = fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xffff_ffff), fc.nat(0xffff_ffff));
const sequence = fc.oneof(fc.constantFrom(0, 2 ** 31 - 1), fc.nat(2 ** 31 - 1));
const offset = fc.oneof(fc.nat(1_000_000), fc.integer({ min: 0, max: 2 ** 51 }));
const count = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 2 ** 31 - 1 }));

const device = fc.record({
  nextSequence: uint32,
  chain: uint32.map((value) => value as Chain),
  recent: fc.array(fc.record({ sequence, count, baseOffset: offset }), { maxLength: 5 }),
  voids: fc.array(fc.tuple(sequence, count, uint32), { maxLength: 4 }),
});
const kafka = fc.record({
  epoch: fc.nat(0x7fff),
  recent: fc.array(fc.record({ firstSequence: sequence, lastSequence: sequence, baseOffset: offset }), {
    maxLength: 5,
  }),
});

/** Few different ids of some pages, so that two sets have some in common; some differ in one half only. */
const idBytes = fc.tuple(fc.constantFrom(0, 1, 0x3f), fc.nat(3), fc.nat(3)).map(([high, middle, low]) => {
  return Uint8Array.of(high, 0, 0, middle, 0xff - low, 0, low * 6, 9);
});
const deviceId = idBytes.map((bytes) => hexOf(bytes.with(0, (bytes[0] as number) | 0x40)) as ProducerId);
const kafkaId = idBytes.map((bytes) => hexOf(bytes) as ProducerId);
const one: fc.Arbitrary<[ProducerId, ProducerState]> = fc.oneof(fc.tuple(deviceId, device), fc.tuple(kafkaId, kafka));
const producers = fc.array(one, { maxLength: 40 }).map((entries) => new Map(entries));

type States = ReadonlyMap<ProducerId, ProducerState>;

function pagesOf(bytes: ShardBytes): ReturnType<typeof openPages> {
  return openPages(new ShardDirectory(bytes.directory), bytes.states);
}

function merged(
  bytes: ShardBytes | null,
  changed: States,
  ages = { seen: 0, seenFrom: 0, requestsSeenFrom: 0 },
): ShardMerge {
  return ShardMerge.of(bytes === null ? EMPTY_SHARD : pagesOf(bytes), changed, ages);
}

function expectHeld(bytes: ShardBytes, model: States): void {
  const pages = pagesOf(bytes);
  expect(pages.reduce((sum, { count: held }) => sum + held, 0)).toBe(model.size);
  const directory = new ShardDirectory(bytes.directory);
  for (const [id, state] of model) {
    const { from, end } = directory.range(pageOf(id));
    expect(openPage(bytes.states.slice(from, end)).stateOf(id)).toEqual(state);
  }
}

/** As if the page held them all. */
function page(bytes: Uint8Array | null, changed: States): SnapshotMerge {
  const old = bytes === null ? EMPTY_SNAPSHOT : openPage(bytes);
  return SnapshotMerge.of(old, changed, { seen: 0, seenFrom: 0, requestsSeenFrom: 0 });
}

function written(merge: SnapshotMerge): Uint8Array {
  const bytes = new Uint8Array(merge.byteLength);
  merge.writeTo(bytes);
  return bytes;
}

test("what is written is read, and the head with it", () => {
  fc.assert(
    fc.property(producers, one, (states, [stranger]) => {
      const merge = merged(null, states);
      const bytes = merge.write(HEAD);
      expect(bytes.directory.length + bytes.states.length).toBe(merge.byteLength);
      expect(new ShardDirectory(bytes.directory).head).toEqual(HEAD);
      expectHeld(bytes, states);
      if (!states.has(stranger)) expect(pagesOf(bytes)[pageOf(stranger)]?.stateOf(stranger)).toBeUndefined();
    }),
    { seed: 1 },
  );
});

test("merging is what a map does, the old ones dropped and the changed ones kept", () => {
  const steps = fc.array(fc.tuple(producers, fc.nat(3)), { maxLength: 6 });
  const property = fc.property(steps, (history) => {
    let bytes = merged(null, new Map()).write(HEAD);
    const model = new Map<ProducerId, { readonly seen: number; readonly state: ProducerState }>();
    for (const [seen, [changed, age]] of history.entries()) {
      const seenFrom = seen - age;
      for (const [id, entry] of model) if (entry.seen < seenFrom) model.delete(id);
      for (const [id, state] of changed) model.set(id, { seen, state });
      bytes = merged(bytes, changed, { seen, seenFrom, requestsSeenFrom: seenFrom }).write(HEAD);
      expectHeld(bytes, new Map(Array.from(model, ([id, { state }]) => [id, state])));
    }
  });
  fc.assert(property, { seed: 2 });
});

test("stripped of recent runs, it has the positions and the voids", () => {
  const property = fc.property(producers, producers, (before, after) => {
    const snapshot = openPage(written(page(written(page(null, before)), after).stripped()));
    const model = [...new Map([...before, ...after])].map(
      ([id, state]) =>
        [id, "chain" in state ? { ...state, recent: [] } : { ...state, recent: state.recent.slice(-1) }] as const,
    );
    expect(snapshot.count).toBe(model.length);
    for (const [id, state] of model) expect(snapshot.stateOf(id)).toEqual(state);
  });
  fc.assert(property, { seed: 3 });
});

test("offsets up to the last that a log can have", () => {
  const state = { epoch: 1, recent: [{ firstSequence: 0, lastSequence: 0, baseOffset: Number.MAX_SAFE_INTEGER - 1 }] };
  const id = "00000000000000ff" as ProducerId;
  expectHeld(merged(null, new Map([[id, state]])).write(HEAD), new Map([[id, state]]));
});

test("no append yet is not an append at time 0", () => {
  const bytes = merged(null, new Map()).write({ ...HEAD, wallMs: null });
  expect(new ShardDirectory(bytes.directory).head.wallMs).toBeNull();
});

test("a page without producers takes no bytes, and a shard without any its directory alone", () => {
  const one = new Map([["0000000000000000" as ProducerId, { epoch: 1, recent: [] }]]);
  const held = merged(null, one).write(HEAD);
  const directory = new ShardDirectory(held.directory);
  const ends = Array.from({ length: PAGES }, (_, at) => directory.range(at).end);
  expect(ends).toEqual(Array.from({ length: PAGES }, () => held.states.length));
  const none = merged(held, new Map(), { seen: 9, seenFrom: 9, requestsSeenFrom: 9 });
  expect(none.byteLength).toBe(DIRECTORY_BYTES);
  expect(none.write(HEAD).states).toEqual(new Uint8Array());
});

test("requests are forgotten by a time of their own, and producers are not forgotten with them", () => {
  const state = { nextSequence: 1, chain: 7 as Chain, recent: [], voids: [] };
  const [device, request] = ["4000000000000000", "8000000000000000"] as ProducerId[];
  const both = new Map([device, request].map((id) => [id as ProducerId, state]));
  const held = merged(null, both, { seen: 5, seenFrom: 0, requestsSeenFrom: 0 }).write(HEAD);
  expectHeld(held, both);
  const idOf = (ages: Parameters<typeof merged>[2]): States =>
    new Map([...both].filter(([id]) => pagesOf(merged(held, new Map(), ages).write(HEAD))[pageOf(id)]?.stateOf(id)));
  expect([...idOf({ seen: 9, seenFrom: 0, requestsSeenFrom: 6 }).keys()]).toEqual([device]);
  expect([...idOf({ seen: 9, seenFrom: 6, requestsSeenFrom: 0 }).keys()]).toEqual([request]);
});

test("a page of which nothing changed stands there as before", () => {
  const property = fc.property(producers, one, (states, [id, state]) => {
    const before = merged(null, states).write(HEAD);
    const after = pagesOf(
      merged(before, new Map([[id, state]]), { seen: 1, seenFrom: 0, requestsSeenFrom: 0 }).write(HEAD),
    );
    for (const [at, { bytes }] of pagesOf(before).entries())
      if (at !== pageOf(id)) expect(after[at]?.bytes).toEqual(bytes);
  });
  fc.assert(property, { seed: 5 });
});

function refusal(open: () => unknown): unknown {
  try {
    return open();
  } catch (error) {
    return error;
  }
}

test("truncated or damaged anywhere, a shard is refused with a storage error", () => {
  const property = fc.property(producers, fc.nat(), fc.integer({ min: 1, max: 255 }), (states, place, flipped) => {
    const whole = merged(null, states).write(HEAD);
    const parts: (keyof ShardBytes)[] = whole.states.length === 0 ? ["directory"] : ["directory", "states"];
    for (const part of parts) {
      const bytes = whole[part];
      const at = place % bytes.length;
      for (const broken of [bytes.slice(0, at), bytes.with(at, (bytes[at] as number) ^ flipped)]) {
        const error = refusal(() => pagesOf({ ...whole, [part]: broken }));
        expect(error).toBeInstanceOf(StrandlineError);
        expect(error).toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
      }
    }
  });
  fc.assert(property, { seed: 4, numRuns: 500 });
});

test("so is a page by itself", () => {
  const property = fc.property(
    producers,
    one,
    fc.nat(),
    fc.integer({ min: 1, max: 255 }),
    (states, more, place, bit) => {
      const bytes = written(page(null, new Map([...states, more])));
      const at = place % bytes.length;
      const cut = bytes.slice(0, Math.max(at, 1));
      for (const broken of [cut, bytes.with(at, (bytes[at] as number) ^ bit)])
        expect(refusal(() => openPage(broken))).toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
    },
  );
  fc.assert(property, { seed: 6, numRuns: 500 });
});
