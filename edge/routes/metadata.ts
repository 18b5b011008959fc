import { JSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { METADATA_ANSWER } from "../answer-schemas.ts";
import { metadata } from "../operations/metadata.ts";
import { demand, metadataQuery } from "../schemas.ts";
import { json, queryOf, route, type Route } from "./route.ts";

export const metadataRoute: Route = route(
  {
    summary: "Ids and partition counts of topics by name, and whom the edge takes the caller for.",
    query: metadataQuery,
    body: null,
    answer: { status: 200, contents: [{ mediaType: JSON_MEDIA_TYPE, of: METADATA_ANSWER }] },
    errors: [],
  },
  async (asked) => {
    const { topics: names, create } = demand(metadataQuery, queryOf(asked), "the query");
    return json(await metadata(asked.ports, names?.split(",") ?? null, create === "true"));
  },
);
