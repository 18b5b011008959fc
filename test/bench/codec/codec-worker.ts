/** Any message starts it; the answer is the figures. */
import { benchCodec } from "./codec-bench.ts";

self.addEventListener("message", () => self.postMessage({ figures: benchCodec() }));
