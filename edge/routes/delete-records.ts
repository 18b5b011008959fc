import { deleteRecords, deleteRecordsQuestion } from "../operations/delete-records.ts";
import { json, partitionParam, topicParam, type Route } from "./route.ts";

export const deleteRecordsRoute: Route = async (route) => {
  const before = deleteRecordsQuestion(route.url.searchParams.get("before") ?? undefined);
  return json(await deleteRecords(route.ports, topicParam(route), partitionParam(route), before));
};
