/** The edge, with one more address: how many sockets a partition's object holds, and which life of it answers. */
import worker, { ControllerObject, GroupObject, PartitionObject, RestConsumerObject } from "../../edge/worker.ts";
import type { Env } from "../../edge/env.ts";
import { partitionName } from "../../edge/partition/partition-name.ts";

class CountedPartition extends PartitionObject {
  readonly #life = crypto.randomUUID();

  override async fetch(request: Request): Promise<Response> {
    if (new URL(request.url).pathname !== "/count") return await super.fetch(request);
    return Response.json({ sockets: this.ctx.getWebSockets().length, life: this.#life });
  }
}

const counted: ExportedHandler<Env> = {
  fetch: async (request, env, context) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/count")
      return (await worker.fetch?.(request, env, context)) ?? new Response(null, { status: 500 });
    const topicId = searchParams.get("topicId") ?? "";
    const id = env.PARTITION.idFromName(partitionName({ namespace: "default", topicId, partition: 0 }));
    return await env.PARTITION.get(id).fetch("http://partition/count");
  },
};

export { ControllerObject, GroupObject, CountedPartition as PartitionObject, RestConsumerObject };

export default counted;
