import type { z } from "zod";
import type { ErrorCode } from "../../shared/error-table.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { NamedSchema } from "../answer-schemas.ts";
import type { Caller } from "../auth/caller.ts";
import type { Env } from "../env.ts";
import type { EdgePorts } from "../operations/ports.ts";
import { demand, noQuery } from "../schemas.ts";
import { SECURE_HEADERS } from "../secure-headers.ts";

export interface RouteRequest {
  readonly request: Request;
  readonly url: URL;
  readonly params: Readonly<Record<string, string>>;
  readonly ports: EdgePorts;
}

export interface Content {
  readonly mediaType: string;
  /** Of the JSON, or of an envelope's head; null: no JSON. */
  readonly of: NamedSchema | null;
  /** JSON texts one after the other, each of which is one of those. */
  readonly isStream?: true;
}

/** What `/openapi.json` says of a route. Parameters of the path are named by the path. */
export interface RouteDoc {
  readonly summary: string;
  /** The schema that validates the query's parameters; null: it takes none. */
  readonly query: z.ZodType | null;
  /** More than one where `Content-Type` decides. */
  readonly body: Content | readonly Content[] | null;
  /** Of success; more than one where `Accept` decides. */
  readonly answer: {
    readonly status: number;
    /** Of the answer to a request that was made before, where it is another. */
    readonly repeated?: number;
    /** Where it is written down, and will be done. */
    readonly later?: number;
    readonly contents: readonly Content[];
  };
  /** Besides those that every route answers. */
  readonly errors: readonly ErrorCode[];
  /** Request headers that change the answer, and what they do. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface AdmissionRequest {
  readonly env: Env;
  readonly request: Request;
  readonly params: RouteRequest["params"];
  readonly background: EdgePorts["background"];
}

export interface Admission {
  readonly caller: Caller;
  readonly handle: Route["handle"];
}

export interface Route {
  readonly doc: RouteDoc;
  /** Where the address itself is the credential. A page that is admitted may read the answer. */
  readonly admit?: (asked: AdmissionRequest) => Promise<Admission>;
  readonly handle: (request: RouteRequest) => Promise<Response>;
}

export function bodiesOf({ body }: RouteDoc): readonly Content[] {
  if (body === null) return [];
  return "mediaType" in body ? [body] : body;
}

/** A query that it takes the route demands itself; one that takes none is not asked one. */
export function route(doc: RouteDoc, handle: Route["handle"]): Route {
  if (doc.query !== null) return { doc, handle };
  return {
    doc,
    handle: async (asked) => {
      if (asked.url.search !== "") demand(noQuery, queryOf(asked), "the query");
      return await handle(asked);
    },
  };
}

/** Answers are the caller's own: no cache between may keep them. */
export const PRIVATE: Readonly<Record<string, string>> = {
  ...SECURE_HEADERS,
  "cache-control": "private, no-cache",
  vary: "Authorization, Accept, Origin",
};

const JSON_HEADERS = { ...PRIVATE, "content-type": "application/json" };

/** `Response.json` costs three times as much. */
export function json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { ...JSON_HEADERS, ...headers } });
}

export function topicParam({ params }: Pick<RouteRequest, "params">): string {
  return params["topic"] ?? "";
}

/** Throws `UNKNOWN_TOPIC_OR_PARTITION`: what is no number names no partition. */
export function partitionParam({ params }: Pick<RouteRequest, "params">): number {
  const text = params["partition"] ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const shown = text.slice(0, 32);
  throw new StrandlineError("UNKNOWN_TOPIC_OR_PARTITION", `partition ${JSON.stringify(shown)}`, { partition: shown });
}

export function queryOf({ url }: Pick<RouteRequest, "url">): Readonly<Record<string, string>> {
  return Object.fromEntries(url.searchParams);
}
