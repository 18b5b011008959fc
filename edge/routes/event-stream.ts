import { partitionByName } from "../operations/ports.ts";
import { startOffset } from "../operations/start-offset.ts";
import { eventStream, positionBehind } from "../tail/event-stream.ts";
import { partitionParam, PRIVATE, topicParam, type RouteRequest } from "./route.ts";

/** `GET .../records` by `Accept: text/event-stream`. `Last-Event-ID` goes before the query's offset. */
export async function eventStreamAnswer(
  route: RouteRequest,
  offset: number | "earliest" | "latest",
): Promise<Response> {
  const { ports, request } = route;
  const partition = partitionParam(route);
  const topic = await partitionByName(ports, topicParam(route), partition, "tail");
  const lastEventId = request.headers.get("last-event-id");
  const from =
    lastEventId === null
      ? { offset: await startOffset(ports.partition(topic, partition), offset), leaderEpoch: null }
      : positionBehind(lastEventId);
  const headers = { ...PRIVATE, "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" };
  // Nobody would read the stream, so nobody would end it.
  if (request.method === "HEAD") return new Response(null, { headers });
  const stream = await eventStream({ ports, clock: ports.clock, topic, partition, from });
  return new Response(stream, { headers });
}
