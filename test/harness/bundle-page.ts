/** A page's script as one ES module, and the library's worker beside it as `worker.js`. */
import { readFile, mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { build, type Plugin } from "esbuild";
import { ROOT } from "./paths.ts";
import type { Files } from "./static-server.ts";

export interface PageBundleOptions {
  /** The page's script, relative to the project or absolute. `demo/page.ts` becomes `page.js`. */
  readonly entry: string;
  /** The script of the library's worker; client/worker.ts where absent. */
  readonly worker?: string;
  readonly sourcemap?: boolean;
  /** As a later version of the library would be: what of the client's source is another text then. */
  readonly changed?: (source: string) => string;
}

/** Files for `startStaticServer`: `<entry>.js` and `worker.js`. Add an `index.html` of your own. */
export async function bundlePage(options: PageBundleOptions): Promise<Files> {
  const name = basename(options.entry, extname(options.entry));
  const { outputFiles } = await build({
    entryPoints: [
      { in: options.entry, out: name },
      { in: options.worker ?? "client/worker.ts", out: "worker" },
    ],
    absWorkingDir: ROOT,
    outdir: "out",
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    platform: "browser",
    // Examples name the package as its users do.
    alias: { strandline: join(ROOT, "client", "index.ts") },
    sourcemap: options.sourcemap === true ? "inline" : false,
    logLevel: "silent",
    plugins: [clientSource(options.changed)],
  });
  return new Map(outputFiles.map((file) => [basename(file.path), file.contents]));
}

export async function writeFiles(files: Files, folder: string): Promise<void> {
  for (const [path, contents] of files) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, contents);
  }
}

/** `new URL("./worker.ts", import.meta.url)` in the client's source names the source; the page needs what it became. */
function clientSource(changed: PageBundleOptions["changed"]): Plugin {
  return {
    name: "client-source",
    setup(builder) {
      builder.onLoad({ filter: /[\\/]client[\\/].*\.ts$/ }, async ({ path }) => {
        const source = await readFile(path, "utf8");
        const built = source.replaceAll(WORKER_SOURCE, 'new URL("./worker.js", import.meta.url)');
        return { loader: "ts", contents: changed?.(built) ?? built };
      });
    },
  };
}

const WORKER_SOURCE = 'new URL("./worker.ts", import.meta.url)';
