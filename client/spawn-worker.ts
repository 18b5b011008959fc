import { workerText } from "./worker-text.ts";

/** Bundlers find the worker by this very expression, in a file beside `worker.ts`; the build points it at `worker.js`. */
export function spawnWorker(): Worker {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "strandline" });
}

let address: string | null = null;

/**
 * Where a bundler leaves that expression as it is, nothing is found at its address, and the worker is made of its text:
 * a file that is loaded then and not before. A page whose policy allows no `blob:` worker needs the real address.
 */
export async function spawnFromText(): Promise<Worker | null> {
  const text = address === null ? await workerText() : "";
  if (text === null) return null;
  address ??= URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  return new Worker(address, { type: "module", name: "strandline" });
}
