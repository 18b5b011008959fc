import { isUpgrade, protocolHeaders } from "../auth/socket.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { TailSession } from "../tail/tail-session.ts";
import { route, type Route } from "./route.ts";

/** A WebSocket of many subscriptions. Anything else is told what it should have been. */
export const tailRoute: Route = route(
  {
    summary: "A WebSocket of live tails of many partitions.",
    query: null,
    body: null,
    answer: { status: 101, contents: [] },
    errors: [],
    headers: {
      "sec-websocket-protocol":
        "`strandline.v1, ticket.<ticket>` of POST /v1/tickets, for who can send no `Authorization` with an upgrade.",
    },
  },
  ({ request, ports }) => {
    if (!isUpgrade(request))
      throw new StrandlineError("INVALID_REQUEST", "/v1/tail is a WebSocket; for text/event-stream see .../records");
    const disconnected = ports.quota.connect((error) => session.end(error));
    const { 0: client, 1: server } = new WebSocketPair();
    server.accept();
    const session = new TailSession({
      ports,
      clock: ports.clock,
      client: { send: (data) => server.send(data), close: (code, reason) => server.close(code, reason) },
    });
    const over = new AbortController();
    const gone = (): void => {
      disconnected();
      session.gone();
      over.abort();
    };
    server.addEventListener("message", ({ data }) => {
      if (typeof data === "string") void session.message(data);
      else session.end(new StrandlineError("INVALID_REQUEST", "a binary frame"));
    });
    server.addEventListener("close", gone);
    server.addEventListener("error", gone);
    // As long as the socket is open, so are its timers: nothing has to be kept alive for them.
    void session.run({ lifetimeMs: ports.streamMs, signal: over.signal }).finally(disconnected);
    return Promise.resolve(new Response(null, { status: 101, webSocket: client, headers: protocolHeaders(request) }));
  },
);
