/** Bytes of the two bundles: what is loaded at first, and with every part that is loaded when it is needed. */
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { build, type Metafile } from "esbuild";
import { ROOT } from "../../harness/paths.ts";

export interface BundleSize {
  /** Brotli, in bytes. */
  readonly first: number;
  readonly whole: number;
}

export async function bundleSizes(): Promise<{ readonly page: BundleSize; readonly worker: BundleSize }> {
  return { page: await sizeOf("client/index.ts"), worker: await sizeOf("client/worker.ts") };
}

async function sizeOf(entry: string): Promise<BundleSize> {
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    absWorkingDir: ROOT,
    outdir: "out",
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    target: "es2024",
    platform: "browser",
    logLevel: "silent",
  });
  const sizes = new Map(outputFiles.map(({ path, contents }) => [path, brotliCompressSync(contents).byteLength]));
  const sum = (paths: Iterable<string>): number =>
    [...paths].reduce((total, path) => total + (sizes.get(join(ROOT, path)) ?? 0), 0);
  const [start] = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === entry) ?? [""];
  return { first: sum(loadedWith(metafile, start)), whole: sum(Object.keys(metafile.outputs)) };
}

/** The chunk and those that it imports in a way that does not wait for a need. */
function loadedWith({ outputs }: Metafile, path: string, seen: Set<string> = new Set()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const { path: imported, kind } of outputs[path]?.imports ?? [])
    if (kind === "import-statement") loadedWith({ outputs, inputs: {} }, imported, seen);
  return seen;
}
