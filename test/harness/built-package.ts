/** The package as `npm install strandline` would leave it: a project of its own, with the built package among its modules. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "./paths.ts";

/** Builds the package into a folder, to be installed from there. */
export async function buildPackage(folder: string): Promise<void> {
  const tsdown = join(ROOT, "node_modules", ".bin", "tsdown");
  const args = ["--out-dir", join(folder, "dist"), "--no-clean"];
  const child = spawn(tsdown, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (part: string) => (said += part));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`tsdown ended with ${code}\n${said}`);
  await cp(join(ROOT, "package.json"), join(folder, "package.json"));
}

/** Copies `test/projects/<project>` into `folder` and installs the built package there. */
export async function projectWithPackage(
  project: string,
  { built, folder }: { readonly built: string; readonly folder: string },
): Promise<void> {
  await mkdir(join(folder, "node_modules"), { recursive: true });
  await cp(join(ROOT, "test", "projects", project), folder, { recursive: true });
  await cp(built, join(folder, "node_modules", "strandline"), { recursive: true });
}
