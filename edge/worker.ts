/** The Worker: routes in front, Durable Objects behind. */
import { createApp } from "./app.ts";
import type { Env } from "./env.ts";

export { ControllerObject } from "./controller/controller-object.ts";
export { GroupObject } from "./group/group-object.ts";
export { PartitionObject } from "./partition/partition-object.ts";
export { RestConsumerObject } from "./rest-consumer/rest-consumer-object.ts";

const app = createApp();

const worker: ExportedHandler<Env> = {
  fetch: (request, env, context) => app.fetch(request, env, context),
};

export default worker;
