import { JSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { LIMITS } from "../../shared/limits.ts";
import { DESCRIBE_QUOTAS_ANSWER, ENTITY_QUOTAS } from "../answer-schemas.ts";
import { readBody } from "../body.ts";
import { alterQuotas, describeQuotas } from "../operations/quotas.ts";
import { alterQuotasRequest, demand, parseJson } from "../schemas.ts";
import { json, route, type Route } from "./route.ts";

export const describeQuotasRoute: Route = route(
  {
    summary: "The quotas of all entities.",
    query: null,
    body: null,
    answer: { status: 200, contents: [{ mediaType: JSON_MEDIA_TYPE, of: DESCRIBE_QUOTAS_ANSWER }] },
    errors: ["CLUSTER_AUTHORIZATION_FAILED"],
  },
  async ({ ports }) => json(await describeQuotas(ports)),
);

export const alterQuotasRoute: Route = route(
  {
    summary: "Alter the quotas of one entity; null removes one.",
    query: null,
    body: { mediaType: JSON_MEDIA_TYPE, of: { name: "AlterQuotasRequest", schema: alterQuotasRequest } },
    answer: { status: 200, contents: [{ mediaType: JSON_MEDIA_TYPE, of: ENTITY_QUOTAS }] },
    errors: ["CLUSTER_AUTHORIZATION_FAILED", "INVALID_REQUEST", "REQUEST_TOO_LARGE"],
  },
  async ({ request, ports }) => {
    const body = parseJson(await readBody(request, LIMITS.jsonBytesMax));
    return json(await alterQuotas(ports, demand(alterQuotasRequest, body, "the body")));
  },
);
