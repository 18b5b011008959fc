import { JSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { NamedSchema } from "../answer-schemas.ts";
import { readBody } from "../body.ts";
import {
  alterIngestKeyRequest,
  createIngestKeyRequest,
  DELETE_INGEST_KEY_ANSWER,
  INGEST_KEY,
  ingestKeysQuery,
  LIST_INGEST_KEYS_ANSWER,
} from "../ingest/request-schemas.ts";
import { alterIngestKey, createIngestKey, deleteIngestKey, listIngestKeys } from "../operations/ingest-keys.ts";
import { demand, parseJson } from "../schemas.ts";
import { json, queryOf, route, type Content, type Route, type RouteDoc, type RouteRequest } from "./route.ts";

async function bodyOf(request: Request): Promise<unknown> {
  return parseJson(await readBody(request, LIMITS.jsonBytesMax));
}

function idParam({ params }: Pick<RouteRequest, "params">): string {
  return params["id"] ?? "";
}

const content = (of: NamedSchema): Content => ({ mediaType: JSON_MEDIA_TYPE, of });
const answers = (of: NamedSchema, status = 200): RouteDoc["answer"] => ({ status, contents: [content(of)] });

export const createIngestKeyRoute: Route = route(
  {
    summary: "Make a key by which records go into one topic, and nothing else can be done.",
    query: null,
    body: content({ name: "CreateIngestKeyRequest", schema: createIngestKeyRequest }),
    answer: answers(INGEST_KEY, 201),
    errors: ["REQUEST_TOO_LARGE", "TOPIC_AUTHORIZATION_FAILED", "UNKNOWN_TOPIC_OR_PARTITION"],
  },
  async ({ request, ports }) => {
    const asked = demand(createIngestKeyRequest, await bodyOf(request), "the body", true);
    return json(await createIngestKey(ports, asked), 201);
  },
);

export const listIngestKeysRoute: Route = route(
  {
    summary: "The ingest keys of one topic or of all, as far as the caller may alter them; never a webhook's secret.",
    query: ingestKeysQuery,
    body: null,
    answer: answers(LIST_INGEST_KEYS_ANSWER),
    errors: [],
  },
  async (asked) => {
    const { topic } = demand(ingestKeysQuery, queryOf(asked), "the query");
    return json(await listIngestKeys(asked.ports, topic ?? null));
  },
);

export const alterIngestKeyRoute: Route = route(
  {
    summary: "Change what an ingest key may; what is not named stays.",
    query: null,
    body: content({ name: "AlterIngestKeyRequest", schema: alterIngestKeyRequest }),
    answer: answers(INGEST_KEY),
    errors: ["REQUEST_TOO_LARGE", "NOT_FOUND"],
  },
  async (asked) => {
    const changes = demand(alterIngestKeyRequest, await bodyOf(asked.request), "the body", true);
    return json(await alterIngestKey(asked.ports, idParam(asked), changes));
  },
);

export const deleteIngestKeyRoute: Route = route(
  {
    summary: "Delete an ingest key. Within 30 seconds nothing is taken under it any more.",
    query: null,
    body: null,
    answer: answers(DELETE_INGEST_KEY_ANSWER),
    errors: ["NOT_FOUND"],
  },
  async (asked) => json(await deleteIngestKey(asked.ports, idParam(asked))),
);
