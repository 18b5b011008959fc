import { ENVELOPE_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { LIMITS } from "../../shared/limits.ts";
import { readBody } from "../body.ts";
import { fetchPartitions } from "../operations/fetch.ts";
import { demand, fetchRequest, parseJson } from "../schemas.ts";
import { PRIVATE, type Route } from "./route.ts";

export const fetchRoute: Route = async ({ request, ports }) => {
  const body = parseJson(await readBody(request, LIMITS.jsonBytesMax));
  const answer = await fetchPartitions(ports, demand(fetchRequest, body, "the body"));
  return new Response(answer, { headers: { ...PRIVATE, "content-type": ENVELOPE_MEDIA_TYPE } });
};
