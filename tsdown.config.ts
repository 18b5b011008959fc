import { defineConfig } from "tsdown";

/** The package: the library and its worker, side by side so that `new URL("./worker.js", import.meta.url)` finds it. */
export default defineConfig({
  entry: { index: "client/index.ts", worker: "client/worker.ts" },
  outDir: "dist",
  format: "esm",
  platform: "browser",
  target: "es2024",
  dts: true,
  sourcemap: true,
  clean: ["dist/*.js", "dist/*.js.map", "dist/*.d.ts", "dist/*.d.ts.map"],
  tsconfig: "client/tsconfig.json",
});
