/** docs/client.md names every event and every option of the public types. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./harness/paths.ts";

const TYPES = readFileSync(join(ROOT, "docs", "api", "index.d.ts"), "utf8");
const PAGE = readFileSync(join(ROOT, "docs", "client.md"), "utf8");

/** What stands in it as code. */
const NAMED = new Set((PAGE.match(/`[^`\n]+`/g) ?? []).flatMap((code) => code.match(/[\w.]+/g) ?? []));

/** From its first line to the first line that ends a declaration. */
function declaration(head: string): string {
  const start = TYPES.indexOf(`\n${head}`);
  expect(start, `${head} is not among the public types`).toBeGreaterThan(-1);
  return /^[^]*?\n\};?\n/.exec(TYPES.slice(start))?.[0] ?? "";
}

const membersOf = (head: string): string[] =>
  [...declaration(head).matchAll(/^ {2}readonly "?(?!type:)([\w.]+)"?\??:/gm)].map(([, name]) => name ?? "");

test.each([
  "interface StrandlineOptions",
  "interface ProducerOptions",
  "interface SendOptions",
  "interface ConsumerConfig",
  "interface RunConfig",
  "type Subscription =",
  "interface TableOptions",
  "interface ConsumerPayloads",
  "interface ProducerEvents",
  "type StrandlineEvents",
])("every member of %s is named", (head) => {
  const members = membersOf(head);
  expect(members.length).toBeGreaterThan(1);
  expect(members.filter((name) => !NAMED.has(name))).toEqual([]);
});

test("every event of the worker has its line", () => {
  const start = TYPES.indexOf("type WorkerEvent");
  const union = TYPES.slice(start, TYPES.indexOf("interface WorkerCalls", start));
  const names = [...union.matchAll(/readonly type: "([\w.]+)"/g)].map(([, name]) => name ?? "");
  expect(names.length).toBeGreaterThan(10);
  expect(names.filter((name) => !PAGE.includes(`\n| \`${name}\` |`))).toEqual([]);
});
