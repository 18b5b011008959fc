import { listOffsets, offsetQuestion } from "../operations/list-offsets.ts";
import { json, partitionParam, topicParam, type Route } from "./route.ts";

export const listOffsetsRoute: Route = async (route) => {
  const at = offsetQuestion(route.url.searchParams.get("at") ?? undefined);
  return json(await listOffsets(route.ports, topicParam(route), partitionParam(route), at));
};
