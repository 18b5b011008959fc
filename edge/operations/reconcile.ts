/** Reconcile: what is held of a producer's batches, and giving one up. The grammar is in `shared/api/reconcile.ts`. */
import type { ReconcileAnswer, ReconcileRequest } from "../../shared/api/reconcile.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { demandPermission } from "../access/access.ts";
import { take } from "../outcome.ts";
import { partitionById, partitionByName, type EdgePorts } from "./ports.ts";
import { cachedProducerId } from "./produce.ts";

/**
 * Throws `INCONSISTENT_TOPIC_ID` where the name and the id are not of one topic. Giving up asks for no right to write:
 * whoever has lost that would have to report records as dead that a delayed copy could still bring into the log.
 */
export async function reconcile(
  ports: EdgePorts,
  name: string,
  partition: number,
  request: ReconcileRequest,
): Promise<ReconcileAnswer> {
  demandPermission(ports.access, "reconcile", name);
  // The caller may know of a topic that was made again under this name before this isolate does.
  const known = await ports.topics.byId(request.topicId);
  const topic =
    known?.name === name
      ? await partitionById(ports, request.topicId, partition, "reconcile")
      : await partitionByName(ports, name, partition, "reconcile");
  if (topic.topicId !== request.topicId) {
    throw new StrandlineError("INCONSISTENT_TOPIC_ID", `${name} is ${topic.topicId}`, {
      topic: name,
      topicId: request.topicId,
    });
  }
  const producerId = await cachedProducerId(ports, request.producerKey);
  return take(await ports.partition(topic, partition).reconcile(producerId, request));
}
