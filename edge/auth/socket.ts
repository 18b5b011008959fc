/**
 * Who opens a WebSocket. A browser can send no `Authorization` with one, and a token has no place in a URL, which is
 * logged: so it gets a ticket for its token first, and sends that as a subprotocol. Any page may open a WebSocket to
 * anywhere, and its browser asks nobody's leave for it: the edge itself looks at the origin.
 */
import { StrandlineError } from "../../shared/strandline-error.ts";
import { SOCKET_PROTOCOL, TICKET_PREFIX } from "../../shared/api/tickets.ts";
import type { Env } from "../env.ts";
import type { Caller } from "./caller.ts";
import { mayRead } from "./authenticate.ts";
import { readTicket, ticketRefused } from "./ticket.ts";

type ByCredential = () => Caller | Promise<Caller>;

/** Throws `FORBIDDEN_ORIGIN`, `INVALID_REQUEST`, `SASL_AUTHENTICATION_FAILED`, and what `byCredential` throws. */
export async function callerOfSocket(env: Env, request: Request, byCredential: ByCredential): Promise<Caller> {
  if (!isUpgrade(request)) return await byCredential();
  const ticket = ticketIn(request);
  // Open doors have rules of their own for origins, and serve nobody but this machine.
  const isClosed = env.STRANDLINE_AUTH === "jwt" || env.STRANDLINE_AUTH === "hook";
  if (isClosed) demandListedOrigin(env, request);
  if (ticket === null) return await byCredential();
  const open = isClosed ? null : await byCredential();
  const caller = await redeemed(env, request, ticket);
  return open ?? caller;
}

export function isUpgrade(request: Request): boolean {
  return request.method === "GET" && request.headers.get("upgrade")?.toLowerCase() === "websocket";
}

/** What the handshake's answer says: a browser that offered protocols closes a socket for which none was chosen. */
export function protocolHeaders(request: Request): Readonly<Record<string, string>> {
  return protocolsOf(request).includes(SOCKET_PROTOCOL) ? { "sec-websocket-protocol": SOCKET_PROTOCOL } : {};
}

function protocolsOf(request: Request): readonly string[] {
  return (request.headers.get("sec-websocket-protocol") ?? "").split(",").map((one) => one.trim());
}

/** Null: it brings none. */
function ticketIn(request: Request): string | null {
  const offered = protocolsOf(request);
  const tickets = offered.filter((one) => one.startsWith(TICKET_PREFIX));
  if (tickets.length > 1) throw new StrandlineError("INVALID_REQUEST", "more than one ticket");
  if (tickets.length === 1 && !offered.includes(SOCKET_PROTOCOL))
    throw new StrandlineError("INVALID_REQUEST", `a ticket without the subprotocol ${SOCKET_PROTOCOL}`);
  return tickets[0]?.slice(TICKET_PREFIX.length) ?? null;
}

/** Before the ticket is spent. What is no browser sends none. */
function demandListedOrigin(env: Env, request: Request): void {
  const origin = request.headers.get("origin");
  if (origin === null || mayRead(env, origin)) return;
  const shown = origin.slice(0, 200);
  throw new StrandlineError("FORBIDDEN_ORIGIN", `origin ${shown}; list it in STRANDLINE_ORIGINS`, { origin: shown });
}

async function redeemed(env: Env, request: Request, text: string): Promise<Caller> {
  const { namespace, secret } = await readTicket(env, text);
  const controller = env.CONTROLLER.get(env.CONTROLLER.idFromName(namespace));
  const caller = await controller.redeemTicket(secret, request.headers.get("origin"));
  if (caller === null) throw ticketRefused();
  return caller;
}
