import { readFileSync } from "node:fs";
import { transform } from "esbuild";
import { defineConfig, type UserConfig } from "tsdown";
import { inlinedTables } from "./test/harness/inlined-tables.ts";

const WORKER_SOURCE = 'new URL("./worker.ts", import.meta.url)';
const WORKER_BUILT = 'new URL("./worker.js", import.meta.url)';

const PACKAGE: UserConfig = {
  outDir: "dist",
  format: "esm",
  platform: "browser",
  target: "es2024",
  dts: { sourcemap: false },
  sourcemap: true,
  outExtensions: () => ({ js: ".js", dts: ".d.ts" }),
  tsconfig: "tsconfig.package.json",
  // A page without a bundler finds no package by its name, and in a worker an import map does not hold.
  deps: { alwaysBundle: ["comlink", "idb"], onlyBundle: false },
};
/** Loaded where a bundler has not found the worker. */
const WORKER_TEXT = "./worker-text.js";

/** Files that are run by themselves, and may be copied: one file each. Vite builds no worker of several unless it is told to. */
const ALONE = ["worker", "service-worker"];

function alone(name: string): UserConfig {
  return {
    ...PACKAGE,
    entry: { [name]: `client/${name}.ts` },
    clean: [`dist/${name}*`],
    outputOptions: { codeSplitting: false },
    plugins: [
      inlinedTables(),
      {
        name: "worker-text",
        async generateBundle(_options, bundle) {
          const worker = bundle["worker.js"];
          if (worker?.type !== "chunk") return;
          const { code } = await transform(worker.code, { minify: true, format: "esm", target: "es2024" });
          const source = `export const text = ${JSON.stringify(code)};\n`;
          this.emitFile({ type: "asset", fileName: WORKER_TEXT.slice(2), source });
        },
      },
    ],
    // Comlink's notice is in its source.
    banner: { js: `/*!\nidb\n${readFileSync("node_modules/idb/LICENSE", "utf8").trim()}\n*/` },
  };
}

/**
 * The package: the library and its worker, side by side. The client's source names the worker by its source file, as
 * every bundler understands it; what is published must name the built one.
 */
export default defineConfig([
  {
    ...PACKAGE,
    entry: { index: "client/index.ts", http: "client/http.ts", react: "client/react.ts" },
    // Not the whole folder: dist/playground is of `npm start`, and the others are built meanwhile.
    clean: ["dist/*.js", "dist/*.map", "dist/*.d.ts", ...ALONE.map((name) => `!dist/${name}*`)],
    plugins: [
      inlinedTables(),
      {
        name: "worker-url",
        // As long as the source, so the map stays true.
        transform: (code: string) =>
          code.includes(WORKER_SOURCE) ? { code: code.replaceAll(WORKER_SOURCE, WORKER_BUILT), map: null } : null,
      },
      {
        name: "worker-text",
        resolveId: (id: string) => (id === WORKER_TEXT ? { id, external: true } : null),
        load: (id: string) =>
          id.endsWith("/client/worker-text.ts")
            ? `export const workerText = () => import("${WORKER_TEXT}").then(({ text }) => text);`
            : null,
      },
    ],
  },
  ...ALONE.map(alone),
]);
