/** Bundlers find the worker by this very expression, in a file beside `worker.ts`; the build points it at `worker.js`. */
export function spawnWorker(): Worker {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "strandline" });
}
