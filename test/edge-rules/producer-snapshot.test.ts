/** The format of a shard's snapshot: what is written is read, what was damaged is said to be. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { openSnapshot, type SnapshotHead } from "../../edge/partition/producer-snapshot.ts";
import { EMPTY_SNAPSHOT, SnapshotMerge } from "../../edge/partition/producer-snapshot-merge.ts";
import type { ProducerState } from "../../edge/partition/producer-state.ts";
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

/** Few different ids, so that two sets have some in common; some differ in one half only. */
const idBytes = fc.tuple(fc.constantFrom(0, 1, 0x3f), fc.nat(3), fc.nat(3)).map(([high, middle, low]) => {
  return Uint8Array.of(high, 0, 0, middle, 0xff - low, 0, low, 9);
});
const deviceId = idBytes.map((bytes) => hexOf(bytes.with(0, (bytes[0] as number) | 0x40)) as ProducerId);
const kafkaId = idBytes.map((bytes) => hexOf(bytes) as ProducerId);
const one: fc.Arbitrary<[ProducerId, ProducerState]> = fc.oneof(fc.tuple(deviceId, device), fc.tuple(kafkaId, kafka));
const producers = fc.array(one, { maxLength: 40 }).map((entries) => new Map(entries));

function merged(
  bytes: Uint8Array | null,
  changed: ReadonlyMap<ProducerId, ProducerState>,
  ages: { readonly seen: number; readonly seenFrom: number } = { seen: 0, seenFrom: 0 },
): SnapshotMerge {
  return SnapshotMerge.of(bytes === null ? EMPTY_SNAPSHOT : openSnapshot(bytes), changed, ages);
}

function expectHeld(bytes: Uint8Array, model: ReadonlyMap<ProducerId, ProducerState>): void {
  const snapshot = openSnapshot(bytes);
  expect(snapshot.count).toBe(model.size);
  for (const [id, state] of model) expect(snapshot.stateOf(id)).toEqual(state);
}

test("what is written is read, and the head with it", () => {
  fc.assert(
    fc.property(producers, one, (states, [stranger]) => {
      const merge = merged(null, states);
      const bytes = merge.write(HEAD);
      expect([bytes.length, openSnapshot(bytes).head]).toEqual([merge.byteLength, HEAD]);
      expectHeld(bytes, states);
      if (!states.has(stranger)) expect(openSnapshot(bytes).stateOf(stranger)).toBeUndefined();
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
      bytes = merged(bytes, changed, { seen, seenFrom }).write(HEAD);
      expectHeld(bytes, new Map(Array.from(model, ([id, { state }]) => [id, state])));
    }
  });
  fc.assert(property, { seed: 2 });
});

test("stripped of recent runs, it has the positions and the voids", () => {
  const property = fc.property(producers, producers, (before, after) => {
    const bytes = merged(merged(null, before).write(HEAD), after).stripped().write(HEAD);
    const model = [...new Map([...before, ...after])].map(
      ([id, state]) =>
        [id, "chain" in state ? { ...state, recent: [] } : { ...state, recent: state.recent.slice(-1) }] as const,
    );
    expectHeld(bytes, new Map(model));
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
  expect(openSnapshot(bytes).head.wallMs).toBeNull();
});

function refusal(bytes: Uint8Array): unknown {
  try {
    return openSnapshot(bytes);
  } catch (error) {
    return error;
  }
}

test("truncated or damaged anywhere, it is refused with a storage error", () => {
  const property = fc.property(producers, fc.nat(), fc.integer({ min: 1, max: 255 }), (states, place, flipped) => {
    const bytes = merged(null, states).write(HEAD);
    const at = place % bytes.length;
    for (const broken of [bytes.slice(0, at), bytes.with(at, (bytes[at] as number) ^ flipped)]) {
      const error = refusal(broken);
      expect(error).toBeInstanceOf(StrandlineError);
      expect(error).toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
    }
  });
  fc.assert(property, { seed: 4, numRuns: 500 });
});
