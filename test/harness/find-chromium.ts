/**
 * The Chromium that the browser tests drive. Looked for in this order: STRANDLINE_CHROMIUM, the PATH, Playwright's
 * own download. Where there is none `ensureChromium` installs one, or fails with the sentence that says what to do:
 * a missing browser never skips a test.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright";
import { aptInstall, isExecutable, mayAptInstall, onPath, runQuietly } from "./installed-program.ts";

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
  if (mayAptInstall()) aptInstall("chromium");
  else runQuietly(process.execPath, [join("node_modules", "playwright", "cli.js"), "install", "chromium"]);
}

function playwrightsOwn(): string | null {
  const path = chromium.executablePath();
  return path !== "" && isExecutable(path) ? path : null;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(ensureChromium());
}
