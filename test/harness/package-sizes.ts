/** What the users of a page load of the built package: Vite's bundles of it, minified, as brotli sends them. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { projectWithPackage } from "./built-package.ts";
import { tempDir } from "./temp-dir.ts";

/** In bytes. */
export interface PackageSizes {
  /** A page that sends, before anything was called. */
  readonly first: number;
  /** Once it has a consumer too, which is where records are decoded. */
  readonly consuming: number;
  /** With every part that is loaded when it is needed. */
  readonly whole: number;
  readonly worker: number;
}

const PAGE = 'import { Strandline } from "strandline";\nglobalThis.producer = new Strandline().producer();\n';

/** `built`: the package's folder, with its package.json. */
export async function packageSizes(built: string): Promise<PackageSizes> {
  const dir = await tempDir("sizes");
  try {
    await projectWithPackage("vite", { built, folder: dir.path });
    await writeFile(join(dir.path, "main.ts"), PAGE);
    const bundled = await build({
      root: dir.path,
      configFile: false,
      logLevel: "silent",
      build: { write: false, target: "es2024", modulePreload: false },
    });
    return sizesOf((bundled as Rolldown.RolldownOutput).output);
  } finally {
    await dir.remove();
  }
}

function sizesOf(output: Rolldown.RolldownOutput["output"]): PackageSizes {
  const chunks = output.filter((each) => each.type === "chunk");
  const start = chunks.find(({ isEntry }) => isEntry);
  const consumer = chunks.find(({ fileName }) => fileName.includes("consumer-work"));
  const worker = output.find((each) => each.type === "asset" && /worker-[\w-]+\.js$/.test(each.fileName));
  if (start === undefined || consumer === undefined || worker?.type !== "asset")
    throw new Error(`the bundle is another one: ${output.map(({ fileName }) => fileName).join(", ")}`);
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const loaded = (name: string, seen: Set<string>): Set<string> => {
    if (seen.has(name)) return seen;
    seen.add(name);
    for (const imported of byName.get(name)?.imports ?? []) loaded(imported, seen);
    return seen;
  };
  const sum = (names: Iterable<string>): number =>
    [...names].reduce((bytes, name) => bytes + brotli(byName.get(name)?.code ?? ""), 0);
  // Loaded only where a bundler has not found the worker.
  const parts = chunks.map(({ fileName }) => fileName).filter((name) => !name.includes("worker-text"));
  return {
    first: sum(loaded(start.fileName, new Set())),
    consuming: sum(loaded(consumer.fileName, loaded(start.fileName, new Set()))),
    whole: sum(parts),
    worker: brotli(worker.source),
  };
}

function brotli(source: string | Uint8Array): number {
  return brotliCompressSync(source).byteLength;
}
