/** Builds examples/playground into dist/playground: playground.ts as a bundle with its worker, and what is no script as it is. */
import { existsSync } from "node:fs";
import { cp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { bundlePage, writeFiles } from "./bundle-page.ts";
import { ROOT } from "./paths.ts";

const FROM = join(ROOT, "examples", "playground");
const TO = join(ROOT, "dist", "playground");
/** The page's script; what else it is made of, it imports. */
const ENTRY = "playground.ts";

if (!existsSync(join(FROM, ENTRY))) throw new Error(`examples/playground/${ENTRY} is missing`);
// The folder itself stays: a server that runs is watching it.
if (existsSync(TO)) for (const name of await readdir(TO)) await rm(join(TO, name), { recursive: true });
for (const entry of await readdir(FROM, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || entry.name.endsWith(".ts") || entry.name.endsWith(".md")) continue;
  const path = join(entry.parentPath, entry.name).slice(FROM.length + 1);
  await cp(join(FROM, path), join(TO, path));
}
await writeFiles(await bundlePage({ entry: join(FROM, ENTRY) }), TO);
console.log("playground: dist/playground");
