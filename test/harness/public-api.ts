/** The public types, one file for each entry of the package, as its users' compilers see them. */
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type UserConfig } from "tsdown";
import { ROOT } from "./paths.ts";
import { tempDir } from "./temp-dir.ts";

/** Committed: a change of it is a change of what was promised. */
export const API_FOLDER: string = join(ROOT, "docs", "api");

/** By file: `index.d.ts`. Each entry is built on its own, so that none leans on a shared file with a hash for a name. */
export async function publicApi(): Promise<ReadonlyMap<string, string>> {
  // By its address: the file belongs to no project of the compiler.
  const { default: published } = (await import(pathToFileURL(join(ROOT, "tsdown.config.ts")).href)) as {
    readonly default: UserConfig | readonly UserConfig[];
  };
  const configs = [published].flat() as readonly UserConfig[];
  const api = new Map<string, string>();
  for (const name of await entryNames()) {
    const config = configs.find(({ entry }) => sourceOf(entry, name) !== undefined);
    const source = sourceOf(config?.entry, name);
    if (config === undefined || source === undefined) throw new Error(`tsdown.config.ts builds no entry "${name}"`);
    api.set(`${name}.d.ts`, await typesOf(config, { name, source }));
  }
  return api;
}

/** What `exports` of package.json promises types for. */
async function entryNames(): Promise<string[]> {
  const manifest = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as {
    readonly exports: Readonly<Record<string, string | { readonly types?: string }>>;
  };
  return Object.values(manifest.exports).flatMap((entry) =>
    typeof entry === "string" || entry.types === undefined ? [] : [basename(entry.types, ".d.ts")],
  );
}

function sourceOf(entry: UserConfig["entry"], name: string): string | undefined {
  return (entry as Readonly<Record<string, string>> | undefined)?.[name];
}

async function typesOf(config: UserConfig, { name, source }: { name: string; source: string }): Promise<string> {
  const dir = await tempDir("public-api");
  try {
    await build({
      ...config,
      config: false,
      cwd: ROOT,
      entry: { [name]: source },
      outDir: dir.path,
      dts: { emitDtsOnly: true, sourcemap: false },
      clean: false,
      logLevel: "silent",
    });
    const files = await readdir(dir.path);
    if (files.length !== 1) throw new Error(`the types of ${source} are ${files.join(", ")}`);
    return await readFile(join(dir.path, `${name}.d.ts`), "utf8");
  } finally {
    await dir.remove();
  }
}
