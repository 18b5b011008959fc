/** Any message starts it; the answer is the figures of the log in this worker. */
import {
  benchBulk,
  benchCrowd,
  benchLone,
  type BulkFigures,
  type CrowdFigures,
  type LoneFigures,
} from "./append-bench.ts";

export interface LocalFigures {
  readonly bulk: BulkFigures;
  readonly lone: LoneFigures;
  readonly crowd: CrowdFigures;
}

async function figures(): Promise<LocalFigures> {
  return { bulk: await benchBulk(), lone: await benchLone(), crowd: await benchCrowd() };
}

self.addEventListener("message", () => {
  figures().then(
    (all) => self.postMessage({ figures: all }),
    (error: unknown) => self.postMessage({ error: String(error) }),
  );
});
