/** Programs of the machine: found on the PATH, or installed where that may be done. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The first of the names that any folder of the PATH has; null: none. */
export function onPath(names: readonly string[]): string | null {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const candidates = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return candidates.find(isExecutable) ?? null;
}

/** Root on Debian or one of its kin. */
export function mayAptInstall(): boolean {
  return process.getuid?.() === 0 && existsSync("/etc/debian_version");
}

export function aptInstall(...packages: readonly string[]): void {
  if (runQuietly("apt-get", ["update"])) runQuietly("apt-get", ["install", "-y", ...packages]);
}

export function runQuietly(command: string, args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync(command, args, { stdio: ["ignore", "ignore", "inherit"], env }).status === 0;
}
