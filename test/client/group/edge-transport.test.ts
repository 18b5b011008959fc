/** How what a member commits goes to the edge. */
import { expect, test } from "vitest";
import { groupTransport } from "../../../client/group/edge-transport.ts";
import type { EdgeRequest } from "../../../client/calls/admin-calls.ts";
import type { CommitOffsets, PartitionCommitted } from "../../../shared/api/groups.ts";
import type { TopicId } from "../../../shared/brands.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";

test("more partitions than one call may commit go with several, and are answered as one", async () => {
  const calls: number[] = [];
  const request = async ({ body }: EdgeRequest): Promise<unknown> => {
    const { offsets } = body as CommitOffsets;
    calls.push(offsets.length);
    if (offsets.length > LIMITS.commitPartitionsMax) throw new StrandlineError("INVALID_REQUEST", "too many");
    const answers = offsets.map(({ topicId, partition }): PartitionCommitted => ({ topicId, partition, error: null }));
    return await Promise.resolve({ offsets: answers });
  };
  const transport = groupTransport({ groupId: "g", request, beats: null });
  const offsets = Array.from({ length: 2 * LIMITS.commitPartitionsMax + 1 }, (_, partition) => ({
    ...{ topicId: "t" as TopicId, partition, offset: 1 },
  }));
  const said = { memberId: "m", memberEpoch: 1, commit: 1, offsets };
  const options = { timeoutMs: 1_000, signal: new AbortController().signal };
  const answer = await transport.commit(said as CommitOffsets, options);
  expect(answer.offsets.map(({ partition }) => partition)).toEqual(offsets.map(({ partition }) => partition));
  expect(calls.length).toBeGreaterThan(2);
});
