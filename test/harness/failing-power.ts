/**
 * A machine whose power fails under a browser: what its program had not asked to be written to disk is gone. A kill
 * alone takes nothing, since the kernel still writes what it was handed.
 */
import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { aptInstall, mayAptInstall, onPath, runQuietly } from "./installed-program.ts";
import { ROOT } from "./paths.ts";

const NO_COMPILER = "No C compiler found: install one (Debian: apt-get install gcc libc6-dev), or put cc on the PATH.";

export class FailingPower {
  readonly #live: string;
  readonly #synced: string;
  readonly #library: string;

  /** `folder`: for what it needs of its own. The browser's profile has IndexedDB below `Default`. */
  constructor(options: { readonly folder: string; readonly userDataDir: string }) {
    this.#live = join(options.userDataDir, "Default", "IndexedDB");
    this.#synced = join(options.folder, "synced");
    this.#library = join(options.folder, "synced-copy.so");
    mkdirSync(options.folder, { recursive: true });
    compile(this.#library);
  }

  /** Of the browser that it watches. */
  get env(): Readonly<Record<string, string>> {
    return { LD_PRELOAD: this.#library, STRANDLINE_LIVE: this.#live, STRANDLINE_SYNCED: this.#synced };
  }

  /** After the browser was killed: its databases are as the disk has them. False: nothing was ever written to disk. */
  fail(): boolean {
    rmSync(this.#live, { recursive: true, force: true });
    if (!existsSync(this.#synced)) return false;
    cpSync(this.#synced, this.#live, { recursive: true });
    return true;
  }
}

function compile(library: string): void {
  if (onPath(["cc", "gcc"]) === null && mayAptInstall()) aptInstall("gcc", "libc6-dev");
  const compiler = onPath(["cc", "gcc"]);
  if (compiler === null) throw new Error(NO_COMPILER);
  const source = join(ROOT, "test", "harness", "synced-copy.c");
  if (!runQuietly(compiler, ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"]))
    throw new Error(`${compiler} could not compile ${source}`);
}
