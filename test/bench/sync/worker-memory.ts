/** Memory of the library's worker while something runs. */
import type { Page, WebWorker } from "puppeteer-core";

const SAMPLE_MS = 100;

export interface Peak {
  /** Used heap and the memory of buffers together. */
  readonly bytes: number;
  readonly buffers: number;
  readonly samples: number;
}

export async function peakBytes(page: Page, body: () => Promise<unknown>): Promise<Peak> {
  const workers = new Set<WebWorker>();
  page.on("workercreated", (worker) => workers.add(worker));
  let peak: Peak = { bytes: 0, buffers: 0, samples: 0 };
  let isDone = false;
  const sampling = (async (): Promise<void> => {
    while (!isDone) {
      for (const worker of workers) peak = await sampled(worker, peak);
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    }
  })();
  try {
    await body();
  } finally {
    isDone = true;
    await sampling;
  }
  if (peak.samples === 0) throw new Error("the worker was never sampled");
  return peak;
}

async function sampled(worker: WebWorker, peak: Peak): Promise<Peak> {
  const usage = (await worker.client.send("Runtime.getHeapUsage")) as { usedSize: number; backingStorageSize?: number };
  const buffers = usage.backingStorageSize ?? 0;
  const bytes = usage.usedSize + buffers;
  const samples = peak.samples + 1;
  return bytes > peak.bytes ? { bytes, buffers, samples } : { ...peak, samples };
}
