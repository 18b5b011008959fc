/** One Worker entry with all that it imports, as one ES module that a bare workerd can run. */
import { build } from "esbuild";
import { ROOT } from "./paths.ts";

/** `entry` is a path, relative to the project or absolute. */
export async function bundleWorker(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser", "import"],
    external: ["cloudflare:*", "node:*"],
    logLevel: "silent",
  });
  const bundle = outputFiles[0];
  if (bundle === undefined) throw new Error(`esbuild made nothing of ${entry}`);
  return bundle.text;
}
