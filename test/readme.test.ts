/** What the README shows compiles against the library as it is. `test/system/readme.test.ts` runs it. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "./harness/paths.ts";
import { codeBlocks, type CodeBlock } from "./harness/readme-blocks.ts";

const README = join(ROOT, "README.md");
const OUT = join(ROOT, ".build", "readme");
const TSCONFIG = {
  extends: "../../tsconfig.base.json",
  compilerOptions: {
    lib: ["ES2024", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
    jsx: "react-jsx",
    paths: { strandline: ["../../client/index.ts"], "strandline/*": ["../../client/*.ts"] },
    composite: false,
    declaration: false,
    emitDeclarationOnly: false,
    noEmit: true,
    // A reader meets names before they are used.
    noUnusedLocals: false,
  },
  include: ["./*.ts", "./*.tsx"],
};

/** The compiler's complaints. Files are named by the line of the README that they begin at. */
function complaints(blocks: readonly CodeBlock[]): string {
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  writeFileSync(join(OUT, "tsconfig.json"), JSON.stringify(TSCONFIG));
  for (const { line, code, extension } of blocks) writeFileSync(join(OUT, `line-${line}.${extension}`), code);
  const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  return spawnSync(process.execPath, [tsc, "-p", OUT], { cwd: OUT, encoding: "utf8" }).stdout;
}

describe("README", () => {
  test("blocks are found, with their lines and marks", () => {
    const page = "# T\n\n```ts\na;\n```\n\n```sh\nls\n```\n\n```ts run\nb;\nc;\n```\n\n```tsx\n<b />;\n```\n";
    expect(codeBlocks(page)).toEqual([
      { line: 4, code: "a;\n", extension: "ts", isRunnable: false },
      { line: 12, code: "b;\nc;\n", extension: "ts", isRunnable: true },
      { line: 17, code: "<b />;\n", extension: "tsx", isRunnable: false },
    ]);
  });

  test("a block that does not compile is caught", () => {
    expect(complaints([{ line: 1, code: "const a: number = 'b';\n", extension: "ts", isRunnable: false }])).toContain(
      "TS2322",
    );
  });

  test("has code, and all of it compiles", () => {
    const blocks = existsSync(README) ? codeBlocks(readFileSync(README, "utf8")) : [];
    expect(blocks.length, "README.md shows no TypeScript").toBeGreaterThan(0);
    expect(complaints(blocks)).toBe("");
  });
});

const DOCS = join(ROOT, "docs");
test.each(readdirSync(DOCS).filter((name) => name.endsWith(".md")))("the code of docs/%s compiles", (name) => {
  const blocks = codeBlocks(readFileSync(join(DOCS, name), "utf8"));
  if (blocks.length > 0) expect(complaints(blocks)).toBe("");
});
