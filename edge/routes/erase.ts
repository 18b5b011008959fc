import { JSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { ERASE_ANSWER } from "../answer-schemas.ts";
import { erase } from "../operations/erase.ts";
import { demand, eraseQuery } from "../schemas.ts";
import { json, queryOf, route, topicParam, type Route } from "./route.ts";

export const eraseRoute: Route = route(
  {
    summary: "Erase a key: tombstones in all partitions, and compaction of the key where the topic is compacted.",
    query: eraseQuery,
    body: null,
    answer: { status: 200, contents: [{ mediaType: JSON_MEDIA_TYPE, of: ERASE_ANSWER }] },
    errors: ["INVALID_REQUEST", "UNKNOWN_TOPIC_OR_PARTITION", "TOPIC_AUTHORIZATION_FAILED"],
  },
  async (asked) => json(await erase(asked.ports, topicParam(asked), demand(eraseQuery, queryOf(asked), "the query"))),
);
