/** Patterns of subscriptions: they match what the engine's own matches, and none takes longer than it may. */
import { describe, expect, test } from "vitest";
import { NamePattern } from "../../../edge/operations/name-pattern.ts";
import { seeded } from "../../harness/seeded.ts";
import { codeOf } from "./group-lab.ts";

const NAMES = [
  "",
  "a",
  "b",
  "aa",
  "aab",
  "abab",
  "orders-eu",
  "orders.us_2",
  "ORDERS-eu",
  "orders",
  "a-b",
  "2024.x",
  "9",
  "_",
  "u{2}",
];

describe("a pattern matches what the engine's own does", () => {
  test.each([
    ["", ""],
    ["^orders-", "i"],
    ["orders", ""],
    ["^(?:orders|bills)[-.](eu|us)", ""],
    ["^(?!orders).*$", ""],
    ["^(?=.*eu)orders", ""],
    ["^(?!(?:.*-eu|a)$).+", ""],
    ["^[^-.]+$", ""],
    ["[]]|[^]", ""],
    ["[\\]a-c]b", ""],
    ["\\bus", ""],
    ["\\Bu", ""],
    ["^\\w+\\.\\w{2}_\\d$", ""],
    ["^a{2}b?$|^(ab){1,2}$|b{0}9{1,}?$", ""],
    ["(?<region>eu|us)$", ""],
    ["(?:a*)*b", ""],
    ["(?:)*$", ""],
    ["^.\\x2Db", ""],
    ["^\\u0061+$", ""],
    ["^\\u{61}+$", "u"],
    ["u{2}", ""],
    ["^\\p{Lu}+-", "u"],
    ["x{,3}|a{", ""],
    ["^$", "m"],
    ["/|-", "s"],
  ])("/%s/%s", (source, flags) => {
    const [own, engines] = [new NamePattern(source, flags), new RegExp(source, flags)];
    expect(NAMES.filter((name) => own.test(name))).toEqual(NAMES.filter((name) => engines.test(name)));
  });

  test("those that chance makes", () => {
    for (let seed = 0; seed < 2_000; seed += 1) {
      const random = seeded(seed);
      const pick = <Value>(...of: readonly Value[]): Value => of[Math.floor(random() * of.length)] as Value;
      const part = (depth: number): string => {
        if (depth === 0 || random() < 0.4) return pick("a", "b", "-", ".", "[ab]", "[^a]", "\\w", "^", "$", "\\b");
        const inner = `${part(depth - 1)}${pick("", "|")}${part(depth - 1)}`;
        return `${pick("(", "(?:", "(?=", "(?!")}${inner})`;
      };
      const quantified = (): string => {
        const one = part(2);
        const isPlace = ["^", "$", "\\b"].includes(one) || /^\(\?[=!]/.test(one);
        return one + (isPlace ? "" : pick("", "", "*", "+", "?", "*?", "{2}", "{1,2}", "{2,}"));
      };
      const source = Array.from({ length: 1 + Math.floor(random() * 4) }, quantified).join("");
      const [own, engines] = [new NamePattern(source, ""), new RegExp(source)];
      for (const name of NAMES) expect([source, name, own.test(name)]).toEqual([source, name, engines.test(name)]);
    }
  });
});

test.each(["(a+)+$", "^(a|a)*$", "(?:a?){100}a{100}$", "a*a*a*a*a*a*a*a*a*b", "(?=(a+)+$)b"])(
  "%s is answered for a name that the engine would never be done with",
  (source) => {
    expect(new NamePattern(source, "").test(`${"a".repeat(248)}_`)).toBe(false);
  },
);

test.each([
  ["(a)\\1", ""],
  ["(?<x>a)\\k<x>", ""],
  ["(?<=a)b", ""],
  ["(?<!a)b", ""],
  ["[a--b]", "v"],
  ["(", ""],
  ["a", "q"],
  ["((a{100}){100}){100}", ""],
  ["(?:){1000000000}", ""],
  ["(?:a{0,999}){999}", ""],
])("/%s/%s is refused", (source, flags) => {
  expect(codeOf(() => new NamePattern(source, flags))).toBe("INVALID_REGULAR_EXPRESSION");
});

test("what all names together would cost is bounded", () => {
  const pattern = new NamePattern("(?:.?){2000}!", "");
  expect(codeOf(() => Array.from({ length: 1_000 }, () => pattern.test("a".repeat(249))))).toBe(
    "INVALID_REGULAR_EXPRESSION",
  );
});
