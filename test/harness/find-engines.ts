/**
 * The two engines beside Chromium, as Debian packages them: Firefox, and WebKit in its GTK port, which is driven by
 * its own WebDriver on a screen that does not exist. A missing one is installed, or fails with the sentence that says
 * what to do; it never skips a test.
 */
import { existsSync } from "node:fs";
import { aptInstall, mayAptInstall, onPath } from "./installed-program.ts";

export interface WebKit {
  readonly driver: string;
  readonly screen: string;
  readonly browser: string;
}

const FIREFOX_MISSING = "No Firefox found: install one (Debian: apt-get install firefox-esr), or put it on the PATH.";
const WEBKIT_MISSING =
  "No WebKit found: it takes WebKitWebDriver, its MiniBrowser and Xvfb (Debian: apt-get install webkit2gtk-driver xvfb).";

export function ensureFirefox(): string {
  return found(locateFirefox, ["firefox-esr"], FIREFOX_MISSING);
}

export function ensureWebKit(): WebKit {
  return found(locateWebKit, ["webkit2gtk-driver", "xvfb"], WEBKIT_MISSING);
}

function found<Program>(locate: () => Program | null, packages: readonly string[], missing: string): Program {
  const present = locate();
  if (present !== null) return present;
  if (mayAptInstall()) aptInstall(...packages);
  const installed = locate();
  if (installed === null) throw new Error(missing);
  return installed;
}

function locateFirefox(): string | null {
  return onPath(["firefox-esr", "firefox"]);
}

function locateWebKit(): WebKit | null {
  const [driver, screen] = [onPath(["WebKitWebDriver"]), onPath(["Xvfb"])];
  const browser = miniBrowsers().find((path) => existsSync(path));
  return driver === null || screen === null || browser === undefined ? null : { driver, screen, browser };
}

/** It is no program for people, so it is on no PATH: Debian keeps it beside the library, by architecture and version. */
function miniBrowsers(): string[] {
  const triples = ["x86_64-linux-gnu", "aarch64-linux-gnu"];
  const versions = ["webkit2gtk-4.1", "webkitgtk-6.0", "webkit2gtk-4.0"];
  return triples.flatMap((triple) => versions.map((version) => `/usr/lib/${triple}/${version}/MiniBrowser`));
}
