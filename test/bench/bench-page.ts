/** The page of suites that measure in a worker: one question to a fresh worker, one answer. */
interface Answer {
  readonly figures?: unknown;
  readonly error?: string;
}

export function askWorker(question: unknown): Promise<unknown> {
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  return new Promise((resolve, reject) => {
    worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
      worker.terminate();
      if (data.error === undefined) resolve(data.figures);
      else reject(new Error(data.error));
    });
    worker.addEventListener("error", ({ message }) => reject(new Error(message)));
    worker.postMessage(question);
  });
}

Object.assign(globalThis, { askWorker });
