import { ENVELOPE_MEDIA_TYPE, JSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { LIMITS } from "../../shared/limits.ts";
import { PRODUCE_ANSWER } from "../answer-schemas.ts";
import { readBody } from "../body.ts";
import { COST_HEADER } from "../cors.ts";
import { produce } from "../operations/produce.ts";
import { produceHead } from "../schemas.ts";
import { json, route, type Route } from "./route.ts";

export const produceRoute: Route = route(
  {
    summary: "Append a run of batches to each of many partitions; each answers for itself.",
    query: null,
    body: { mediaType: ENVELOPE_MEDIA_TYPE, of: { name: "ProduceHead", schema: produceHead } },
    answer: { status: 200, contents: [{ mediaType: JSON_MEDIA_TYPE, of: PRODUCE_ANSWER }] },
    errors: ["REQUEST_TOO_LARGE"],
    headers: { [COST_HEADER]: "`rows`: the answer has a header of the same name with the rows that were written." },
  },
  async ({ request, ports }) => {
    const body = await readBody(request, LIMITS.produceBytesMax);
    const { answer, rowsWritten } = await produce(ports, body);
    const isAsked = request.headers.get(COST_HEADER) === "rows";
    return json(answer, 200, isAsked ? { [COST_HEADER]: `rows-written=${rowsWritten}` } : {});
  },
);
