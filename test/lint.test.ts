/** The linter is configured to object: one planted violation for each rule that the style leans on. */
import { spawnSync } from "node:child_process";
import { cpSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "./harness/paths.ts";
import { tempDir } from "./harness/temp-dir.ts";

const PLANTED = `
import { join } from "node:path";
export default function untyped(a: any) {
  return a == join("b");
}
async function later(): Promise<void> {}
export function floating(kind: "a" | "b"): void {
  later();
  [1].forEach(async () => later());
  switch (kind) {
    case "a":
      console.log(kind!);
  }
}
export async function odd(): Promise<void> {
  await 1;
  throw "text";
}
export function long(): void {
${"  void later();\n".repeat(71)}}
`;

const RULES = [
  "eslint(eqeqeq)",
  "eslint(max-lines-per-function)",
  "eslint(no-console)",
  "import(no-default-export)",
  "typescript(await-thenable)",
  "typescript(explicit-module-boundary-types)",
  "typescript(no-explicit-any)",
  "typescript(no-floating-promises)",
  "typescript(no-misused-promises)",
  "typescript(no-non-null-assertion)",
  "typescript(only-throw-error)",
  "typescript(switch-exhaustiveness-check)",
];

let dir: Awaited<ReturnType<typeof tempDir>>;
let said = "";
beforeAll(async () => {
  dir = await tempDir("lint");
  cpSync(join(ROOT, ".oxlintrc.json"), join(dir.path, ".oxlintrc.json"));
  cpSync(join(ROOT, "tsconfig.base.json"), join(dir.path, "tsconfig.json"));
  symlinkSync(join(ROOT, "node_modules"), join(dir.path, "node_modules"));
  writeFileSync(join(dir.path, "planted.ts"), PLANTED);
  const oxlint = join(ROOT, "node_modules", "oxlint", "bin", "oxlint");
  said = spawnSync(process.execPath, [oxlint, "--format=unix"], { cwd: dir.path, encoding: "utf8" }).stdout;
});
afterAll(() => dir.remove());

describe("the linter catches", () => {
  test.each(RULES)("%s", (rule) => {
    expect(said).toContain(`/${rule}]`);
  });
});
