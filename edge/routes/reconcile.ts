import { JSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { LIMITS } from "../../shared/limits.ts";
import { RECONCILE_ANSWER } from "../answer-schemas.ts";
import { readBody } from "../body.ts";
import { reconcile } from "../operations/reconcile.ts";
import { demand, parseJson, reconcileRequest } from "../schemas.ts";
import { json, partitionParam, route, topicParam, type Route } from "./route.ts";

export const reconcileRoute: Route = route(
  {
    summary: "What a partition holds of a producer's batches, and giving the last of them up.",
    query: null,
    body: { mediaType: JSON_MEDIA_TYPE, of: { name: "ReconcileRequest", schema: reconcileRequest } },
    answer: { status: 200, contents: [{ mediaType: JSON_MEDIA_TYPE, of: RECONCILE_ANSWER }] },
    errors: [
      "REQUEST_TOO_LARGE",
      "UNKNOWN_TOPIC_OR_PARTITION",
      "UNKNOWN_TOPIC_ID",
      "INCONSISTENT_TOPIC_ID",
      "CORRUPT_MESSAGE",
      "VOID_LIMIT",
      "KAFKA_STORAGE_ERROR",
    ],
  },
  async (asked) => {
    const body = parseJson(await readBody(asked.request, LIMITS.jsonBytesMax));
    const request = demand(reconcileRequest, body, "the body");
    return json(await reconcile(asked.ports, topicParam(asked), partitionParam(asked), request));
  },
);
