import { metrics } from "../operations/metrics.ts";
import { PRIVATE, route, type Route } from "./route.ts";

const MEDIA_TYPE = "text/plain";

/** From what was reported: no partition is asked. */
export const metricsRoute: Route = route(
  {
    summary: "Counters and levels in Prometheus' text format 0.0.4, as they were last reported.",
    query: null,
    body: null,
    answer: { status: 200, contents: [{ mediaType: MEDIA_TYPE, of: null }] },
    errors: ["CLUSTER_AUTHORIZATION_FAILED"],
  },
  async ({ ports }) => {
    const headers = {
      ...PRIVATE,
      "cache-control": "no-store",
      "content-type": `${MEDIA_TYPE}; version=0.0.4; charset=utf-8`,
    };
    return new Response(await metrics(ports), { headers });
  },
);
