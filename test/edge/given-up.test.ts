/** Reconcile and giving up: what each verdict means, over evictions; and that what was given up never lands. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import type { BatchVerdict, ReconcileAnswer } from "../../shared/api/reconcile.ts";
import { voidChain } from "../../shared/chain.ts";
import { newDevice } from "./device.ts";
import { call, errorOf, evict, newPlace, stubOf, valuesOf } from "./edge.ts";

function verdictsOf({ batches }: ReconcileAnswer): BatchVerdict[] {
  return batches.map(({ verdict }) => verdict);
}

describe.each([
  ["with an eviction between", evict],
  ["without", async () => undefined],
] as const)("reconcile, %s:", (_name, between) => {
  test("held with its offset, and absent", async () => {
    const place = await newPlace();
    const [device, other] = [await newDevice(place), await newDevice(place)];
    const [a, b, c] = [device.batch("a"), device.batch("b", "c"), device.batch("d")];
    await device.send(a);
    await other.send(other.batch("x"));
    await device.send(b);
    await between(place);
    const answer = await device.reconcile([a, b, c]);
    expect(answer).toMatchObject({ nextSequence: 3, chain: c.chainBefore });
    expect(answer.batches).toEqual([
      { verdict: "held", baseOffset: 0 },
      { verdict: "held", baseOffset: 2 },
      { verdict: "absent", baseOffset: null },
    ]);
  });

  test("a batch in the middle of a run is held at its own offset", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    const run = [device.batch("a", "b"), device.batch("c"), device.batch("d")];
    await device.send(...run);
    await between(place);
    expect((await device.reconcile(run.slice(1))).batches).toEqual([
      { verdict: "held", baseOffset: 2 },
      { verdict: "held", baseOffset: 3 },
    ]);
  });

  test("other: the sequences hold other bytes, or begin elsewhere", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    const twin = device.twin();
    await device.send(device.batch("a"), device.batch("b", "c"));
    await between(place);
    const [z, y, x] = [twin.batch("z"), twin.batch("y"), twin.batch("x")];
    expect(verdictsOf(await twin.reconcile([z, y, x]))).toEqual(["other", "other", "other"]);
    expect(await valuesOf(place)).toEqual(["a", "b", "c"]);
  });

  test("gone: the row is no longer kept", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    const [a, b] = [device.batch("a"), device.batch("b")];
    await device.send(a);
    await device.send(b);
    await runInDurableObject(
      stubOf(place),
      (_, { storage }) => void storage.sql.exec("DELETE FROM runs WHERE base_offset = 0"),
    );
    await between(place);
    expect(verdictsOf(await device.reconcile([a, b]))).toEqual(["gone", "held"]);
  });

  test("an edge that knows nothing of the producer says so", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    const answer = await device.reconcile([device.batch("a")]);
    await between(place);
    expect(answer).toMatchObject({ nextSequence: null, chain: 0, batches: [{ verdict: "absent" }] });
  });

  test("R10 R28 what was given up never lands: no copy of it, alone or in a run, from a twin neither", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    await device.send(device.batch("a"));
    const dead = device.batch("dead", "dead too");
    const twin = device.twin();
    const later = device.batch("later");
    const answer = await device.reconcile([dead], true);
    const chain = voidChain(dead.chainBefore, dead);
    expect(answer).toMatchObject({ nextSequence: 3, chain, batches: [{ verdict: "void", baseOffset: null }] });
    await between(place);
    for (const run of [[dead], [dead, later], [later]]) {
      expect(await device.send(...run)).toMatchObject({ error: { code: "SEQUENCE_CONFLICT" }, nextSequence: 3, chain });
    }
    expect(await twin.send(twin.batch("of the twin"))).toMatchObject({
      error: { code: "SEQUENCE_CONFLICT" },
      nextSequence: 3,
      chain,
    });
    await between(place);
    expect(verdictsOf(await twin.reconcile([dead]))).toEqual(["void"]);
    expect(await valuesOf(place)).toEqual(["a"]);
  });

  test("R28 a first batch that was given up never lands either", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    const dead = device.batch("dead");
    expect(verdictsOf(await device.reconcile([dead], true))).toEqual(["void"]);
    await between(place);
    expect(await device.send(dead)).toMatchObject({ error: { code: "SEQUENCE_CONFLICT" }, nextSequence: 1 });
    expect(await valuesOf(place)).toEqual([]);
  });

  test("R28 the reason of a refusal vanishes while a copy is under way: it stays dead", async () => {
    const place = await newPlace({ "max.message.bytes": "200" });
    const device = await newDevice(place);
    const large = device.batch("x".repeat(300));
    expect(await device.send(large)).toMatchObject({ error: { code: "MESSAGE_TOO_LARGE" } });
    await device.reconcile([large], true);
    await between(place);
    // Straight to the partition, as a Worker that knows the raised limit would.
    const { name, topicId } = place;
    const producer = { kind: "device" as const, id: device.id, firstSequence: 0, chainBefore: large.chainBefore };
    const batches = [{ start: 0, count: 1, crc: large.crc, maxTimestamp: 0 }];
    const outcome = await stubOf(place).append(
      { namespace: "default", topicId, partition: 0 },
      { leaderEpoch: null, bytes: large.bytes, batches, producer },
    );
    expect([name, outcome]).toMatchObject([name, { ok: true, value: { error: { code: "SEQUENCE_CONFLICT" } } }]);
    expect(await valuesOf(place)).toEqual([]);
  });

  test("goes on behind a void, with the void in its chain", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    const dead = device.batch("dead", "dead too");
    device.chain = (await device.reconcile([dead], true)).chain;
    await between(place);
    const next = device.batch("b");
    expect(await device.send(next)).toMatchObject({ error: null, baseOffset: 0, nextSequence: 3, chain: device.chain });
    await between(place);
    expect((await device.reconcile([dead, next])).batches).toEqual([
      { verdict: "void", baseOffset: null },
      { verdict: "held", baseOffset: 0 },
    ]);
    expect(await valuesOf(place)).toEqual(["b"]);
  });
});

describe("giving up", () => {
  test("what is held leaves it held", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    const a = device.batch("a");
    const { chain } = await device.send(a);
    expect(await device.reconcile([a], true)).toMatchObject({
      nextSequence: 1,
      chain,
      batches: [{ verdict: "held", baseOffset: 0 }],
    });
    expect(await valuesOf(place)).toEqual(["a"]);
  });

  test("again changes nothing", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    const dead = device.batch("dead");
    const first = await device.reconcile([dead], true);
    expect(await device.reconcile([dead], true)).toEqual(first);
  });

  test("what is not next, or behind what is absent, does not happen", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    await device.send(device.batch("a"));
    const [b, c] = [device.batch("b"), device.batch("c")];
    expect(await device.reconcile([b, c], true)).toMatchObject({
      nextSequence: 1,
      batches: [{ verdict: "absent" }, { verdict: "absent" }],
    });
    expect(await device.reconcile([c], true)).toMatchObject({ nextSequence: 1, batches: [{ verdict: "absent" }] });
    expect(await device.send(b, c)).toMatchObject({ error: null });
  });

  test("behind other bytes does not happen: the device has diverged", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    const twin = device.twin();
    await device.send(device.batch("a"));
    const [z, y] = [twin.batch("z"), twin.batch("y")];
    expect(await twin.reconcile([z, y], true)).toMatchObject({
      nextSequence: 1,
      batches: [{ verdict: "other" }, { verdict: "absent" }],
    });
  });
});

test("under another topic id the name is refused: the topic was made again", async () => {
  const [place, other] = [await newPlace(), await newPlace()];
  const device = await newDevice({ ...place, topicId: other.topicId });
  const { sequence: from, count, crc } = device.batch("a");
  const json = { topicId: other.topicId, producerKey: device.key, from, batches: [{ count, crc }], giveUp: true };
  const response = await call(`/v1/topics/${place.name}/partitions/0/reconcile`, { json });
  expect(await errorOf(response)).toMatchObject({ status: 409, code: "INCONSISTENT_TOPIC_ID", topicId: other.topicId });
});
