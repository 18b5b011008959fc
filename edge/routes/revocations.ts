import { JSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { LIMITS } from "../../shared/limits.ts";
import { LIST_REVOCATIONS_ANSWER, REVOCATION, type NamedSchema } from "../answer-schemas.ts";
import { readBody } from "../body.ts";
import { deleteRevocation, listRevocations, revoke } from "../operations/revocations.ts";
import { demand, parseJson, revokeRequest } from "../schemas.ts";
import { json, route, type Content, type Route } from "./route.ts";

const content = (of: NamedSchema): Content => ({ mediaType: JSON_MEDIA_TYPE, of });

export const revokeRoute: Route = route(
  {
    summary: "End a credential, or all that a principal was issued before, ahead of its time.",
    query: null,
    body: content({ name: "RevokeRequest", schema: revokeRequest }),
    answer: { status: 201, contents: [content(REVOCATION)] },
    errors: ["INVALID_REQUEST", "REQUEST_TOO_LARGE", "CLUSTER_AUTHORIZATION_FAILED"],
  },
  async ({ request, ports }) => {
    const body = parseJson(await readBody(request, LIMITS.jsonBytesMax));
    return json(await revoke(ports, demand(revokeRequest, body, "the body")), 201);
  },
);

export const listRevocationsRoute: Route = route(
  {
    summary: "What was ended ahead of its time.",
    query: null,
    body: null,
    answer: { status: 200, contents: [content(LIST_REVOCATIONS_ANSWER)] },
    errors: ["CLUSTER_AUTHORIZATION_FAILED"],
  },
  async ({ ports }) => json(await listRevocations(ports)),
);

export const deleteRevocationRoute: Route = route(
  {
    summary: "Take a revocation back. Answers what it was.",
    query: null,
    body: null,
    answer: { status: 200, contents: [content(REVOCATION)] },
    errors: ["NOT_FOUND", "CLUSTER_AUTHORIZATION_FAILED"],
  },
  async ({ params, ports }) => json(await deleteRevocation(ports, params["revocation"] ?? "")),
);
