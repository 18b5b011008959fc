import { describe, expect, test } from "vitest";
import { Partitioners, Partitioning, STICKY, type CreatePartitioner } from "../../../client/producer/partitioner.ts";
import type { Random } from "../../../shared/random.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Repeats its numbers. */
function randomOf(...numbers: number[]): Random {
  let at = 0;
  return { next: () => numbers[at++ % numbers.length] ?? 0, bytes: (length) => new Uint8Array(length) };
}

function partitioning(create: CreatePartitioner | null = null, random: Random = randomOf(0)): Partitioning {
  return new Partitioning({ create, random });
}

const ask = (count: number | null, message: { partition?: number; key?: string } = {}) => ({
  topic: "t",
  count,
  message: { value: "x", ...message },
  key: message.key ?? null,
});

describe("partitioner", () => {
  test("an explicit partition stands, also where the count is not known", () => {
    expect(partitioning().choose(ask(6, { partition: 5, key: "k" }))).toBe(5);
    expect(partitioning().choose(ask(null, { partition: 41 }))).toBe(41);
  });

  test.each([6, 600])("partition %i of 6 does not exist", (partition) => {
    expect(() => partitioning().choose(ask(6, { partition }))).toThrow(
      expect.objectContaining({
        code: "UNKNOWN_TOPIC_OR_PARTITION",
        details: { topic: "t", partition, partitionCount: 6 },
      }) as Error,
    );
  });

  test.each([-1, 1.5, Number.NaN, 2 ** 31])("partition %d is no partition", (partition) => {
    expect(() => partitioning().choose(ask(null, { partition }))).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }) as Error,
    );
  });

  test("a key goes where Kafka's murmur2 sends it, as text and as bytes", () => {
    // Kafka's UtilsTest: murmur2("21") = -973932308, "foobar" = -790332482, "abc" = 479470107.
    for (const [key, hash] of [
      ["21", -973_932_308],
      ["foobar", -790_332_482],
      ["abc", 479_470_107],
    ] as const) {
      const partition = (hash & 0x7fffffff) % 12;
      const each = partitioning();
      expect(each.choose(ask(12, { key }))).toBe(partition);
      expect(each.choose(ask(12, { key }))).toBe(partition);
      expect(each.choose({ ...ask(12), key: bytes(key) })).toBe(partition);
    }
  });

  test("without a key the partition stays until the batch is closed, then it is another", () => {
    const each = partitioning(null, randomOf(0.5, 0.5, 0));
    expect(each.choose(ask(4))).toBe(STICKY);
    expect([each.sticky("t", 4), each.sticky("t", 4)]).toEqual([2, 2]);
    each.nextBatch("t", 4);
    expect(each.sticky("t", 4)).toBe(1);
    each.nextBatch("t", 4);
    expect(each.sticky("t", 4)).toBe(0);
    each.nextBatch("t", 1);
    expect(each.sticky("t", 1)).toBe(0);
  });

  test("without a count, keys and keyless records wait unassigned", () => {
    expect(partitioning().choose(ask(null, { key: "k" }))).toBe(-1);
    expect(partitioning().choose(ask(null))).toBe(-1);
  });

  test("a custom partitioner has KafkaJS's arguments, and its answer is checked", () => {
    const seen: unknown[] = [];
    const create: CreatePartitioner =
      () =>
      ({ topic, partitionMetadata, message }) => {
        seen.push([topic, partitionMetadata.map(({ partitionId }) => partitionId), message.value]);
        return partitionMetadata.length - 1;
      };
    expect(partitioning(create).choose(ask(3))).toBe(2);
    expect(seen).toEqual([["t", [0, 1, 2], "x"]]);
    expect(() => partitioning(() => () => 3).choose(ask(3))).toThrow(
      expect.objectContaining({ code: "UNKNOWN_TOPIC_OR_PARTITION" }) as Error,
    );
    expect(() => partitioning(create).choose(ask(null))).toThrow(
      expect.objectContaining({ code: "UNKNOWN_TOPIC_OR_PARTITION" }) as Error,
    );
  });
});

describe("Partitioners", () => {
  const partitionMetadata = Array.from({ length: 6 }, (_, partitionId) => ({
    partitionId,
    leader: 0,
    partitionErrorCode: 0,
  }));

  test.each(["DefaultPartitioner", "JavaCompatiblePartitioner"] as const)(
    "%s is what a producer does by itself",
    (name) => {
      const given = partitioning(Partitioners[name]);
      for (const key of ["a", "order-7", "ключ"])
        expect(given.choose(ask(6, { key }))).toBe(partitioning().choose(ask(6, { key })));
      expect(given.choose(ask(6))).toBe(STICKY);
      // Not known yet: no custom one could say.
      expect(given.choose(ask(null, { key: "a" }))).toBe(partitioning().choose(ask(null, { key: "a" })));
    },
  );

  test("one that is built on it chooses as it does, whatever a key is made of", () => {
    const partition = Partitioners.DefaultPartitioner();
    const of = (message: { key?: string | Uint8Array | ArrayBuffer; partition?: number }): number =>
      partition({ topic: "t", partitionMetadata, message: { value: "x", ...message } });
    const expected = partitioning().choose(ask(6, { key: "order-7" }));
    const key = bytes("order-7");
    expect([of({ key: "order-7" }), of({ key }), of({ key: key.slice().buffer })]).toEqual(Array(3).fill(expected));
    expect(of({ key: "order-7", partition: 2 })).toBe(2);
    expect(new Set(Array.from({ length: 6 }, () => of({})))).toEqual(new Set([0, 1, 2, 3, 4, 5]));
  });
});
