/**
 * The Chromium that the browser tests drive. Looked for in this order: STRANDLINE_CHROMIUM, the PATH, Playwright's
 * own download. Where there is none `ensureChromium` installs one, or fails with the sentence that says what to do:
 * a missing browser never skips a test.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

export const CHROMIUM_MISSING =
  "No Chromium found: install one (Debian: apt-get install chromium; elsewhere: npx playwright install chromium), " +
  "or set STRANDLINE_CHROMIUM to the path of its executable.";

/** Null where there is none. Throws when STRANDLINE_CHROMIUM names something that cannot be run. */
export function locateChromium(): string | null {
  const named = process.env["STRANDLINE_CHROMIUM"];
  if (named !== undefined && named !== "") {
    if (isExecutable(named)) return named;
    throw new Error(`STRANDLINE_CHROMIUM is "${named}", which is no executable file.`);
  }
  return onPath(NAMES) ?? playwrightsOwn();
}

export function ensureChromium(): string {
  const found = locateChromium();
  if (found !== null) return found;
  install();
  const installed = locateChromium();
  if (installed === null) throw new Error(CHROMIUM_MISSING);
  return installed;
}

function install(): void {
  if (process.getuid?.() === 0 && existsSync("/etc/debian_version")) {
    if (run("apt-get", ["update"])) run("apt-get", ["install", "-y", "chromium"]);
    return;
  }
  run(process.execPath, [join("node_modules", "playwright", "cli.js"), "install", "chromium"]);
}

function run(command: string, args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync(command, args, { stdio: ["ignore", "ignore", "inherit"], env }).status === 0;
}

function onPath(names: readonly string[]): string | null {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const candidates = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return candidates.find(isExecutable) ?? null;
}

function playwrightsOwn(): string | null {
  const path = chromium.executablePath();
  return path !== "" && isExecutable(path) ? path : null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(ensureChromium());
}
