/** Where the bytes of a bundle are: of each module of the source, minified and not compressed, largest first. */
import { readFile } from "node:fs/promises";
import { build, type Plugin } from "esbuild";
import { inlinedTables } from "./inlined-tables.ts";
import { ROOT } from "./paths.ts";

const PAGE = {
  contents: 'import { Strandline } from "./client/index.ts"; console.log(Strandline);',
  resolveDir: ROOT,
  sourcefile: "page.ts",
};

export interface ModuleSize {
  readonly path: string;
  readonly bytes: number;
}

/** Of what is loaded with the entry, without what it loads when it is needed. */
export async function moduleSizes(entry: "client/index.ts" | "client/worker.ts"): Promise<readonly ModuleSize[]> {
  const { metafile } = await build({
    ...(entry === "client/index.ts" ? { stdin: PAGE } : { entryPoints: [entry] }),
    absWorkingDir: ROOT,
    outdir: "out",
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    target: "es2024",
    logLevel: "silent",
    plugins: [inlined()],
  });
  const { outputs } = metafile;
  const loaded = new Set<string>();
  const load = (path: string | undefined): void => {
    if (path === undefined || loaded.has(path)) return;
    loaded.add(path);
    for (const { path: imported, kind } of outputs[path]?.imports ?? [])
      if (kind === "import-statement") load(imported);
  };
  load(Object.keys(outputs).find((path) => [entry, PAGE.sourcefile].includes(outputs[path]?.entryPoint ?? "")));
  const bytes = new Map<string, number>();
  for (const path of loaded)
    for (const [module, { bytesInOutput }] of Object.entries(outputs[path]?.inputs ?? {}))
      bytes.set(module, (bytes.get(module) ?? 0) + bytesInOutput);
  return [...bytes].map(([path, sum]) => ({ path, bytes: sum })).toSorted((a, b) => b.bytes - a.bytes);
}

/** As the package's build has it. */
function inlined(): Plugin {
  const { resolveId, load, transform } = inlinedTables();
  return {
    name: "inlined-tables",
    setup: (bundle) => {
      bundle.onResolve({ filter: /error-table\.ts$/ }, ({ path, importer }) => {
        const id = resolveId(path, importer);
        return id === null ? null : { path: id, namespace: "compact" };
      });
      bundle.onLoad({ filter: /.*/, namespace: "compact" }, ({ path }) => ({ contents: load(path) ?? "" }));
      bundle.onLoad({ filter: /\.ts$/, namespace: "file" }, async ({ path }) => {
        const source = await readFile(path, "utf8");
        return { contents: transform(source)?.code ?? source, loader: "ts" };
      });
    },
  };
}
