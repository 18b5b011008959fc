import { StrandlineError } from "../../shared/strandline-error.ts";
import type { EdgePorts } from "../operations/ports.ts";

export interface RouteRequest {
  readonly request: Request;
  readonly url: URL;
  readonly params: Readonly<Record<string, string>>;
  readonly ports: EdgePorts;
}

export type Route = (request: RouteRequest) => Promise<Response>;

/** Answers are the caller's own: no cache between may keep them. */
export const PRIVATE = { "cache-control": "private, no-cache", vary: "Authorization, Accept" } as const;

const JSON_HEADERS = { ...PRIVATE, "content-type": "application/json" };
export function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: JSON_HEADERS });
}

export function topicParam({ params }: RouteRequest): string {
  return params["topic"] ?? "";
}

/** Throws `UNKNOWN_TOPIC_OR_PARTITION`: what is no number names no partition. */
export function partitionParam({ params }: RouteRequest): number {
  const text = params["partition"] ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const shown = text.slice(0, 32);
  throw new StrandlineError("UNKNOWN_TOPIC_OR_PARTITION", `partition ${JSON.stringify(shown)}`, { partition: shown });
}
