import { defineConfig } from "tsdown";

const WORKER_SOURCE = 'new URL("./worker.ts", import.meta.url)';
const WORKER_BUILT = 'new URL("./worker.js", import.meta.url)';

/**
 * The package: the library and its worker, side by side. The client's source names the worker by its source file, as
 * every bundler understands it; what is published must name the built one.
 */
export default defineConfig({
  entry: { index: "client/index.ts", worker: "client/worker.ts" },
  outDir: "dist",
  format: "esm",
  platform: "browser",
  target: "es2024",
  dts: { sourcemap: false },
  sourcemap: true,
  // Not the whole folder: dist/playground is of `npm start`.
  clean: ["dist/*.js", "dist/*.map", "dist/*.d.ts"],
  outExtensions: () => ({ js: ".js", dts: ".d.ts" }),
  tsconfig: "tsconfig.package.json",
  plugins: [
    {
      name: "worker-url",
      // As long as the source, so the map stays true.
      transform: (code: string) =>
        code.includes(WORKER_SOURCE) ? { code: code.replaceAll(WORKER_SOURCE, WORKER_BUILT), map: null } : null,
    },
  ],
});
