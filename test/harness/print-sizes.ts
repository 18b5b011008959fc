/** The last step of `npm run build`: what users load of `dist`. With `--modules`, also of which modules it is made. */
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { moduleSizes } from "./module-sizes.ts";
import { packageSizes } from "./package-sizes.ts";
import { ROOT } from "./paths.ts";
import { sizesRow } from "./sizes-row.ts";
import { tempDir } from "./temp-dir.ts";

const MODULES_MAX = 25;

const dir = await tempDir("dist");
try {
  await cp(join(ROOT, "dist"), join(dir.path, "dist"), { recursive: true });
  await cp(join(ROOT, "package.json"), join(dir.path, "package.json"));
  console.log(sizesRow(await packageSizes(dir.path)));
} finally {
  await dir.remove();
}
if (process.argv.includes("--modules"))
  for (const entry of ["client/index.ts", "client/worker.ts"] as const) {
    console.log(`\n${entry}: bytes, minified`);
    for (const { path, bytes } of (await moduleSizes(entry)).slice(0, MODULES_MAX))
      console.log(String(bytes).padStart(7), path);
  }
