import { JSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { TICKET_ANSWER } from "../answer-schemas.ts";
import { json, route, type Route } from "./route.ts";

export const ticketRoute: Route = route(
  {
    summary: "A ticket that opens one WebSocket, for the caller and from this origin: good once, for seconds.",
    query: null,
    body: null,
    answer: { status: 201, contents: [{ mediaType: JSON_MEDIA_TYPE, of: TICKET_ANSWER }] },
    errors: ["THROTTLING_QUOTA_EXCEEDED"],
  },
  async ({ request, ports }) =>
    json(await ports.issueTicket(request.headers.get("origin")), 201, { "cache-control": "no-store" }),
);
