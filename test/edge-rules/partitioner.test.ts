/** Which partition: the stated one, Kafka's of the key, or one for all the rest. */
import { describe, expect, test } from "vitest";
import { partitionOf, sticky } from "../../edge/intake/partitioner.ts";
import { partitionForKey } from "../../shared/murmur2.ts";
import { bytesOf } from "../../shared/utf8.ts";

const topic = { name: "orders", partitionCount: 6 };
const never = (): number => {
  throw new Error("asked for a keyless record");
};

describe("the partition", () => {
  test.each([0, 5])("%d is stated", (partition) => {
    expect(partitionOf({ key: "o-17", partition }, 0, topic, never)).toBe(partition);
  });

  test.each([-1, 6, 1.5, Number.NaN, 2 ** 40])("%d is stated, and there is none", (partition) => {
    expect(() => partitionOf({ key: null, partition }, 0, topic, never)).toThrow(
      expect.objectContaining({ code: "UNKNOWN_TOPIC_OR_PARTITION", message: expect.stringContaining("orders") }),
    );
  });

  test.each(["o-17", "", "ключ", "\ud800"])("of the key %j is Kafka's, as text and as bytes", (key) => {
    const expected = partitionForKey(bytesOf(key), 6);
    expect(partitionOf({ key, partition: null }, 0, topic, never)).toBe(expected);
    expect(partitionOf({ key: bytesOf(key), partition: null }, 0, topic, never)).toBe(expected);
  });

  test("of records without a key is one for a request, and the next one for the next", () => {
    const of = (keyless: ReturnType<typeof sticky>): number[] =>
      Array.from({ length: 10 }, (_, index) => partitionOf({ key: null, partition: null }, index, topic, keyless));
    const requests = Array.from({ length: 6 }, () => new Set(of(sticky())));
    expect(requests.map((one) => one.size)).toEqual(Array.from({ length: 6 }, () => 1));
    expect(new Set(requests.flatMap((one) => [...one])).size).toBe(6);
  });
});
