/**
 * `POST /v1/tickets`, with the token, answers a ticket that opens one WebSocket for whoever asked, from the origin that
 * asked where it was a page:
 *
 *   new WebSocket(url, ["strandline.v1", "ticket." + ticket])
 *
 * It is good once and for seconds, and is held in memory alone: an edge that has forgotten it refuses it, and the client
 * asks for another.
 */
export const SOCKET_PROTOCOL = "strandline.v1";
export const TICKET_PREFIX = "ticket.";

export interface TicketAnswer {
  readonly ticket: string;
  readonly expiresInMs: number;
}
