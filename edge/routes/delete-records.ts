import { JSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { DELETE_RECORDS_ANSWER } from "../answer-schemas.ts";
import { deleteRecords } from "../operations/delete-records.ts";
import { deleteRecordsQuery, demand } from "../schemas.ts";
import { json, partitionParam, queryOf, route, topicParam, type Route } from "./route.ts";

export const deleteRecordsRoute: Route = route(
  {
    summary: "Delete the records below an offset: the log begins there from then on.",
    query: deleteRecordsQuery,
    body: null,
    answer: { status: 200, contents: [{ mediaType: JSON_MEDIA_TYPE, of: DELETE_RECORDS_ANSWER }] },
    errors: ["UNKNOWN_TOPIC_OR_PARTITION", "UNKNOWN_TOPIC_ID", "OFFSET_OUT_OF_RANGE", "KAFKA_STORAGE_ERROR"],
  },
  async (asked) => {
    const { before } = demand(deleteRecordsQuery, queryOf(asked), "the query");
    return json(await deleteRecords(asked.ports, topicParam(asked), partitionParam(asked), before));
  },
);
