import { ENVELOPE_MEDIA_TYPE, JSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { LIMITS } from "../../shared/limits.ts";
import { FETCH_HEAD } from "../answer-schemas.ts";
import { readBody } from "../body.ts";
import { fetchPartitions } from "../operations/fetch.ts";
import { demand, fetchRequest, parseJson } from "../schemas.ts";
import { PRIVATE, route, type Route } from "./route.ts";

export const fetchRoute: Route = route(
  {
    summary: "Read many partitions, waiting for as many bytes as are asked for.",
    query: null,
    body: { mediaType: JSON_MEDIA_TYPE, of: { name: "FetchRequest", schema: fetchRequest } },
    answer: { status: 200, contents: [{ mediaType: ENVELOPE_MEDIA_TYPE, of: FETCH_HEAD }] },
    errors: ["REQUEST_TOO_LARGE"],
  },
  async ({ request, ports }) => {
    const body = parseJson(await readBody(request, LIMITS.jsonBytesMax));
    const answer = await fetchPartitions(ports, demand(fetchRequest, body, "the body"));
    return new Response(answer, { headers: { ...PRIVATE, "content-type": ENVELOPE_MEDIA_TYPE } });
  },
);
