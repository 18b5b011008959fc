import { JSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { LIST_OFFSETS_ANSWER } from "../answer-schemas.ts";
import { listOffsets } from "../operations/list-offsets.ts";
import { demand, offsetsQuery } from "../schemas.ts";
import { json, partitionParam, queryOf, route, topicParam, type Route } from "./route.ts";

export const listOffsetsRoute: Route = route(
  {
    summary: "The earliest or latest offset of a partition, or of the first record at or after a time.",
    query: offsetsQuery,
    body: null,
    answer: { status: 200, contents: [{ mediaType: JSON_MEDIA_TYPE, of: LIST_OFFSETS_ANSWER }] },
    errors: ["UNKNOWN_TOPIC_OR_PARTITION", "UNKNOWN_TOPIC_ID", "UNSUPPORTED_COMPRESSION_TYPE", "KAFKA_STORAGE_ERROR"],
  },
  async (asked) => {
    const { at } = demand(offsetsQuery, queryOf(asked), "the query");
    return json(await listOffsets(asked.ports, topicParam(asked), partitionParam(asked), at));
  },
);
