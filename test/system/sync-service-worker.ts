/** An app's service worker, as the documentation shows it. */
import { drainOnSync } from "../../client/service-worker.ts";

const edge = new URLSearchParams(location.search).get("edge") ?? "";
drainOnSync({ url: edge, retry: { initialRetryTime: 20, maxRetryTime: 200 }, timeoutMs: 15_000 });
