/** A partition of a topic that is gone: its object refuses, whatever a Worker still believes. */
import { attempt, type Outcome } from "../../edge/outcome.ts";
import type { PartitionPort } from "../../edge/partition/partition-port.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";

/** `asked` is called with each request. */
export function deletedPartition(topicId: string, asked: () => void): PartitionPort {
  const refuse = async (): Promise<Outcome<never>> => {
    asked();
    return await Promise.resolve(
      attempt((): never => {
        throw new StrandlineError("UNKNOWN_TOPIC_ID", topicId, { topicId });
      }),
    );
  };
  return {
    append: refuse,
    proof: refuse,
    read: refuse,
    reconcile: refuse,
    bounds: refuse,
    deleteRecords: refuse,
    erase: refuse,
    batchAtTime: refuse,
    fence: refuse,
    commitOffset: refuse,
    groupStanding: refuse,
    forgetGroup: refuse,
    waitForAppend: async () => await Promise.resolve("grown" as const),
  };
}
