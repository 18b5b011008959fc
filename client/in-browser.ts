/** In a browser: the log is in IndexedDB, and a worker of its own keeps and syncs it. */
import { StrandlineError } from "../shared/strandline-error.ts";
import type { StrandlineOptions } from "./options.ts";
import type { Locks } from "./ports.ts";
import { loadParts } from "./page/parts.ts";
import { sharedConnection } from "./page/shared-connection.ts";
import { spawnFromText, spawnWorker } from "./spawn-worker.ts";
import { StrandlineClient } from "./strandline.ts";
import { webLocks, whenIdle } from "./web-ports.ts";

export class Strandline extends StrandlineClient {
  /** Throws `INVALID_ARGUMENT` or `INVALID_PARTITIONS` for options that are wrong. */
  constructor(options: StrandlineOptions = {}) {
    const { worker } = options;
    const workers = worker === undefined ? { spawn, spawnOther: spawnFromText } : { spawn: worker, spawnOther: null };
    super(options, (parts) => sharedConnection({ ...parts, ...workers, locks, onOpen }));
  }
}

/** Offline, what is needed later is there: a page that is offline already fetches it when it is online again. */
function onOpen(): void {
  whenIdle(() => void prefetch());
}

async function prefetch(): Promise<void> {
  if (!(await loadParts())) addEventListener("online", onOpen, { once: true });
}

function locks(): Locks {
  // Deno and Bun have workers, and nothing to keep a log in.
  if (typeof Worker === "undefined" || (typeof document === "undefined" && typeof indexedDB === "undefined"))
    throw new StrandlineError(
      "UNSUPPORTED_OPERATION",
      "there is no browser here: on servers and at the edge, import Strandline from strandline/http",
    );
  return webLocks();
}

function spawn(): Worker {
  if (globalThis.origin === "null")
    throw new StrandlineError(
      "UNSUPPORTED_OPERATION",
      "a page without an origin has no storage and no worker: give its frame allow-same-origin, or import from strandline/http",
    );
  return spawnWorker();
}
