import { ENVELOPE_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { writeEnvelope } from "../../shared/envelope.ts";
import { readRun, recordsAsJson } from "../operations/records.ts";
import { demand, recordsQuery } from "../schemas.ts";
import { eventStreamAnswer } from "./event-stream.ts";
import { json, partitionParam, PRIVATE, topicParam, type Route } from "./route.ts";

/** JSON, or where it is accepted an envelope with the bounds as head and one run. */
export const recordsRoute: Route = async (route) => {
  const query = demand(recordsQuery, Object.fromEntries(route.url.searchParams), "the query");
  if ((route.request.headers.get("accept") ?? "").includes("text/event-stream"))
    return await eventStreamAnswer(route, query.offset);
  const answer = await readRun(route.ports, topicParam(route), partitionParam(route), query);
  if (!(route.request.headers.get("accept") ?? "").includes(ENVELOPE_MEDIA_TYPE))
    return json(await recordsAsJson(answer));
  const { leaderEpoch, logStartOffset, highWatermark, bytes } = answer;
  const head = { leaderEpoch, logStartOffset, highWatermark, bytes: bytes.byteLength };
  return new Response(writeEnvelope(head, [bytes]), { headers: { ...PRIVATE, "content-type": ENVELOPE_MEDIA_TYPE } });
};
