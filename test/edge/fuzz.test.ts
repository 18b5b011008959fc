/** Bytes by chance, and sound requests with something changed: no failure of the edge's own, and nothing unsound stored. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { writeEnvelope } from "../../shared/envelope.ts";
import { batchByteLength } from "../../shared/record-batch.ts";
import { writeCrc } from "../../shared/record-batch-encode.ts";
import { newDevice, runOf } from "./device.ts";
import { call, newPlace, valuesOf, type Place } from "./edge.ts";

const SEED = 20_261_121;
const VALUES = ["a", "b", "c"];

async function soundRun(): Promise<{
  readonly place: Place;
  readonly run: Uint8Array;
  readonly envelopeOf: (run: Uint8Array) => Uint8Array<ArrayBuffer>;
}> {
  const place = await newPlace();
  const device = await newDevice(place);
  const run = runOf([device.batch("a", "b"), device.batch("c")]);
  const { topicId, partition } = place;
  const head = { topicId, partition, leaderEpoch: null, producerKey: device.key, chain: 0 };
  return {
    place,
    run,
    envelopeOf: (bytes) => writeEnvelope({ partitions: [{ ...head, bytes: bytes.length }] }, [bytes]),
  };
}

type Change =
  | { readonly kind: "set"; readonly at: number; readonly byte: number }
  | { readonly kind: "cut"; readonly at: number; readonly length: number }
  | { readonly kind: "insert"; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "end"; readonly at: number };

/** Positions as parts of a thousand, so that they fit whatever length the bytes have. */
const at = fc.integer({ min: 0, max: 999 });
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant("set" as const), at, byte: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ kind: fc.constant("cut" as const), at, length: fc.integer({ min: 1, max: 70 }) }),
  fc.record({ kind: fc.constant("insert" as const), at, bytes: fc.uint8Array({ minLength: 1, maxLength: 70 }) }),
  fc.record({ kind: fc.constant("end" as const), at }),
);

function changed(bytes: Uint8Array, changes: readonly Change[]): Uint8Array<ArrayBuffer> {
  let list = Array.from(bytes);
  for (const one of changes) {
    const position = Math.floor((one.at * list.length) / 1_000);
    if (one.kind === "set") list[position] = one.byte;
    if (one.kind === "cut") list.splice(position, one.length);
    if (one.kind === "insert") list.splice(position, 0, ...one.bytes);
    if (one.kind === "end") list = list.slice(0, position);
  }
  return Uint8Array.from(list);
}

async function produce(body: Uint8Array<ArrayBuffer>): Promise<readonly string[]> {
  const response = await call("/v1/produce", { body });
  const answer = await response.json<{ error?: { code: string }; partitions?: { error: { code: string } | null }[] }>();
  if (answer.partitions === undefined) expect([400, 413]).toContain(response.status);
  const codes = answer.partitions?.map(({ error }) => error?.code ?? "appended") ?? [answer.error?.code ?? ""];
  expect(codes).not.toContain("UNKNOWN_SERVER_ERROR");
  expect(codes).not.toContain("KAFKA_STORAGE_ERROR");
  return codes;
}

test("bytes by chance are refused, as a body of any address", async () => {
  const paths = ["/v1/produce", "/v1/fetch", "/v1/topics", "/v1/topics/a/partitions/0/reconcile"];
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.json().map((text) => new TextEncoder().encode(text)),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), body, async (path, bytes) => {
      const response = await call(path, { body: Uint8Array.from(bytes) });
      expect([400, 404]).toContain(response.status);
    }),
    { seed: SEED, numRuns: 300 },
  );
});

test("queries by chance are refused or answered", async () => {
  const { name } = await newPlace();
  const value = fc.oneof(
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.double().map(String),
    fc.bigInt().map(String),
  );
  const field = fc.constantFrom("offset", "maxBytes", "minBytes", "at", "topics");
  const route = fc.constantFrom(
    `topics/${name}/partitions/0/records`,
    `topics/${name}/partitions/0/offsets`,
    "metadata",
  );
  await fc.assert(
    fc.asyncProperty(route, fc.array(fc.tuple(field, value), { maxLength: 3 }), async (path, query) => {
      const response = await call(`/v1/${path}?${new URLSearchParams(query).toString()}`);
      expect([200, 400, 416]).toContain(response.status);
    }),
    { seed: SEED, numRuns: 300 },
  );
});

test("a sound request with something changed stores what the device made, or nothing", async () => {
  let refused = 0;
  let sound = await soundRun();
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), fc.boolean(), async (changes, ofRun) => {
      const body = ofRun
        ? sound.envelopeOf(changed(sound.run, changes))
        : changed(sound.envelopeOf(sound.run), changes);
      const codes = await produce(body);
      if (codes.every((code) => code !== "appended")) refused += 1;
      const values = await valuesOf(sound.place);
      // A run cut between its batches is sound still: what it stores is a beginning of what the device made.
      expect(codes.includes("appended") ? VALUES.slice(0, values.length) : []).toEqual(values);
      if (values.length > 0) sound = await soundRun();
    }),
    { seed: SEED, numRuns: 300 },
  );
  expect(refused).toBeGreaterThan(200);
});

test("a run with something changed and true CRCs is refused, or can be read", async () => {
  const seen = new Set<string>();
  let sound = await soundRun();
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 2 }), async (changes) => {
      const run = changed(sound.run, changes);
      if (run.length >= 61 && batchByteLength(run, 0) <= run.length) writeCrc(run, 0);
      const codes = await produce(sound.envelopeOf(run.length === 0 ? Uint8Array.of(0) : run));
      for (const code of codes) seen.add(code);
      const values = await valuesOf(sound.place);
      expect(values.length > 0).toBe(codes.includes("appended"));
      if (values.length > 0) sound = await soundRun();
    }),
    { seed: SEED, numRuns: 500 },
  );
  expect(Array.from(seen)).toEqual(
    expect.arrayContaining(["CORRUPT_MESSAGE", "INVALID_RECORD", "INVALID_PRODUCER_ID_MAPPING", "appended"]),
  );
});
