import { LIMITS } from "../../shared/limits.ts";
import { readBody } from "../body.ts";
import { reconcile } from "../operations/reconcile.ts";
import { demand, parseJson, reconcileRequest } from "../schemas.ts";
import { json, partitionParam, topicParam, type Route } from "./route.ts";

export const reconcileRoute: Route = async (route) => {
  const body = parseJson(await readBody(route.request, LIMITS.jsonBytesMax));
  const request = demand(reconcileRequest, body, "the body");
  return json(await reconcile(route.ports, topicParam(route), partitionParam(route), request));
};
