/** The style, executed. Each rule is first shown something that it must catch, then the whole project. */
import { describe, expect, test } from "vitest";
import { importViolations } from "./tidy/import-rules.ts";
import { projectFiles, sourceFile, type SourceFile } from "./tidy/source-file.ts";
import {
  anyType,
  barrels,
  defaultExports,
  enums,
  fileLength,
  machinePaths,
  names,
  nondeterminism,
  runsOnNode20,
  unfinishedWords,
} from "./tidy/text-rules.ts";

interface Rule {
  readonly name: string;
  readonly check: (file: SourceFile) => readonly string[];
  /** [path, text] that the rule must object to. */
  readonly caught: readonly (readonly [string, string])[];
  /** [path, text] that it must let pass. */
  readonly passed: readonly (readonly [string, string])[];
}

const UNFINISHED = "TO" + "DO";
const HOME = "/ro" + "ot/x";

/** Files that hold violations on purpose. */
const PLANTED_IN = new Set(["test/tidy.test.ts", "test/lint.test.ts"]);

const RULES: readonly Rule[] = [
  {
    name: "imports go one way",
    check: importViolations,
    caught: [
      ["client/a.ts", 'import { x } from "../edge/b.ts";'],
      ["edge/a.ts", 'export { x } from "../client/b.ts";'],
      ["shared/a.ts", 'const b = await import("../client/b.ts");'],
      ["shared/a.ts", 'import { z } from "zod";'],
      ["client/a.ts", 'import { readFile } from "node:fs";'],
      ["client/log/a.ts", 'import type { Locks } from "../ports.ts";'],
      ["client/log/a.ts", 'import { b } from "../sync/b.ts";'],
      ["client/consumer/a.ts", 'import { b } from "../producer/b.ts";'],
      ["client/sync/a.ts", 'import { systemClock } from "../web-ports.ts";'],
      ["edge/partition/a.ts", 'import { b } from "../controller/b.ts";'],
      ["edge/controller/a.ts", 'import { b } from "../group/b.ts";'],
      ["edge/partition/a.ts", 'import { DurableObject } from "cloudflare:workers";'],
      ["client/a.ts", 'import { b } from "./b";'],
    ],
    passed: [
      ["client/sync/a.ts", 'import { b } from "../log/b.ts";\nimport { c } from "../../shared/c.ts";'],
      ["edge/partition/partition-object.ts", 'import { DurableObject } from "cloudflare:workers";'],
      ["client/a.ts", '// import { x } from "../edge/b.ts";'],
    ],
  },
  {
    name: "the library runs on Node 20",
    check: runsOnNode20,
    caught: [
      ["client/a.ts", "const end = Promise.withResolvers<void>();"],
      ["shared/a.ts", "Map.groupBy(all, keyOf);"],
    ],
    passed: [
      ["edge/a.ts", "Promise.withResolvers();"],
      ["shared/a.ts", "// as Promise.withResolvers()"],
    ],
  },
  {
    name: "files are short",
    check: fileLength,
    caught: [["client/a.ts", "x;\n".repeat(301)]],
    passed: [["client/a.ts", "x;\n".repeat(300)]],
  },
  {
    name: "nothing is left unfinished",
    check: unfinishedWords,
    caught: [["README.md", `a\n${UNFINISHED}: later`]],
    passed: [["README.md", "todo lists"]],
  },
  {
    name: "no path of one machine",
    check: machinePaths,
    caught: [["client/a.ts", `const path = "${HOME}";`]],
    passed: [["client/a.ts", 'const path = "a/root/x";']],
  },
  {
    name: "clock, chance and timers are ports",
    check: nondeterminism,
    caught: [
      ["client/a.ts", "const now = Date.now();"],
      ["edge/a.ts", "const id = crypto.randomUUID();"],
      ["shared/a.ts", "const at = `${Math.random()}`;"],
      ["client/a.ts", "const quote = /[\"']/;\nsetTimeout(run, 1);"],
    ],
    passed: [
      ["client/web-ports.ts", "const now = Date.now();"],
      ["client/a.ts", '// Date.now()\nconst text = "Date.now()";'],
      ["test/a.ts", "setTimeout(run, 1);"],
    ],
  },
  {
    name: "no any",
    check: anyType,
    caught: [
      ["client/a.ts", "const a = b as any;"],
      ["client/a.ts", "function f(a: any): void {}"],
      ["client/a.ts", "const a = new Map<string, any>();"],
    ],
    passed: [["client/a.ts", "const a = { any: 1 }; // any\nPromise.any(all);"]],
  },
  {
    name: "no enum",
    check: enums,
    caught: [["client/a.ts", "export const enum Kind { A }"]],
    passed: [["client/a.ts", "const enumerable = true;"]],
  },
  {
    name: "no default export",
    check: defaultExports,
    caught: [["client/a.ts", "export default function f() {}"]],
    passed: [["edge/worker.ts", "export default app;"]],
  },
  {
    name: "no barrel",
    check: barrels,
    caught: [
      ["client/log/all.ts", '// all\nexport { a } from "./a.ts";\nexport type { B } from "./b.ts";\n'],
      ["shared/all.ts", 'export * from "./a.ts";'],
    ],
    passed: [
      ["client/index.ts", 'export { a } from "./a.ts";'],
      ["client/a.ts", 'export type { B } from "./b.ts";\nexport const a = 1;'],
    ],
  },
  {
    name: "kebab-case names",
    check: names,
    caught: [
      ["client/logStore.ts", ""],
      ["client/Log/store.ts", ""],
    ],
    passed: [["test/client/log-store.test.ts", ""]],
  },
];

describe.each(RULES)("tidy: $name", ({ check, caught, passed }) => {
  test.each(caught)("catches %s: %.60s", (path, text) => {
    expect(check(sourceFile(path, text))).not.toEqual([]);
  });

  test.each(passed)("lets pass %s: %.60s", (path, text) => {
    expect(check(sourceFile(path, text))).toEqual([]);
  });

  test("holds in the project", () => {
    const files = projectFiles().filter((file) => !PLANTED_IN.has(file.path));
    expect(files.length).toBeGreaterThan(50);
    expect(files.flatMap(check)).toEqual([]);
  });
});
