import { LIMITS } from "../../shared/limits.ts";
import { readBody } from "../body.ts";
import { produce } from "../operations/produce.ts";
import { json, type Route } from "./route.ts";

export const produceRoute: Route = async ({ request, ports }) => {
  const body = await readBody(request, LIMITS.produceBytesMax);
  return json(await produce(ports, body));
};
