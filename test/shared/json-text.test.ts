import { describe, expect, test } from "vitest";
import { isTooDeep } from "../../shared/json-text.ts";
import { LIMITS } from "../../shared/limits.ts";
import { SeededRandom } from "../sim/seeded-random.ts";

const MAX = LIMITS.jsonDepthMax;

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe("S05 the depth of JSON", () => {
  test.each([
    ["lists", "[", "]"],
    ["objects", '{"a":', "}"],
  ])("of %s is allowed up to the limit", (_, open, close) => {
    const nested = (depth: number): string => `${open.repeat(depth)}${open === "[" ? "" : "1"}${close.repeat(depth)}`;
    expect(isTooDeep(nested(MAX))).toBe(false);
    expect(isTooDeep(nested(MAX + 1))).toBe(true);
    expect(isTooDeep(open.repeat(100_000))).toBe(true);
  });

  test("is not that of brackets within texts, however they are quoted", () => {
    const brackets = "[{".repeat(MAX);
    for (const text of [brackets, `\\${brackets}`, `"${brackets}`, `\\"${brackets}`, `${brackets}\\`])
      expect(isTooDeep(JSON.stringify({ [text]: [text] }))).toBe(false);
    expect(isTooDeep(`"${brackets}`)).toBe(false);
  });

  test("is what the parsed value has, whatever it holds", () => {
    const random = new SeededRandom(5);
    const made = (depth: number): unknown => {
      if (depth === 0) return ["a]", '"[', "\\", 1, null][random.below(5)];
      return random.below(2) === 0 ? [made(0), made(depth - 1), made(0)] : { '["': made(depth - 1), b: made(0) };
    };
    let deep = 0;
    for (let round = 0; round < 300; round += 1) {
      const value = made(MAX - 5 + random.below(12));
      const expected = depthOf(value) > MAX;
      expect(isTooDeep(JSON.stringify(value, null, round % 3))).toBe(expected);
      if (expected) deep += 1;
    }
    expect(deep).toBeGreaterThan(50);
    expect(deep).toBeLessThan(250);
  });
});
