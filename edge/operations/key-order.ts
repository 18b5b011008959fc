/**
 * Order of keys over the growth of a topic, for one fetch (for tails see `tail/key-order.ts`). A partition's records
 * behind its barrier of a growth are answered once the request stands at or behind the barriers of all partitions that
 * were there before the growth: the offsets that a reader asks from say what it has dealt with.
 */
import type { FetchPartition } from "../../shared/api/fetch.ts";
import { StrandlineError, type ErrorBody } from "../../shared/strandline-error.ts";
import { asStrandlineError } from "../http-error.ts";
import { take } from "../outcome.ts";
import type { GrowthBarrier } from "../partition/partition-port.ts";
import { partitionById, type EdgePorts } from "./ports.ts";

/** For each partition of the request: where its reading stops, null for nowhere; or why it cannot be read in order. */
export type ReadLimits = readonly (number | ErrorBody | null)[];

export async function heldBack(ports: EdgePorts, partitions: readonly FetchPartition[]): Promise<ReadLimits> {
  const growths = await Promise.all(partitions.map(async (one) => await growthsOf(ports, one)));
  const unheard = new Set<FetchPartition>();
  const limits = partitions.map((one, index) => {
    const own = growths[index];
    // What cannot be asked answers for itself when it is read.
    if (own === undefined || own === null) return null;
    for (const [growth, { from, at }] of own.entries()) {
      for (let older = 0; older < from; older += 1) {
        const place = partitions.findIndex((other) => other.topicId === one.topicId && other.partition === older);
        const asked = partitions[place];
        if (asked === undefined) return one.offset < at ? at : missing(one, older);
        const heard = growths[place];
        const barrier = heard?.[growth]?.at;
        if (barrier === undefined && heard !== null) unheard.add(asked);
        if (barrier === undefined || asked.offset < barrier) return at;
      }
    }
    return null;
  });
  await Promise.all(Array.from(unheard, async (one) => await reminded(ports, one)));
  return limits;
}

/** The next request finds it told; the controller is waked by it where it had to be. */
export async function reminded(
  ports: EdgePorts,
  { topicId, partition }: { readonly topicId: string; readonly partition: number },
): Promise<void> {
  try {
    await ports.controller.remindPartition(topicId, partition);
  } catch (thrown) {
    asStrandlineError(thrown);
  }
}

function missing({ topicId }: FetchPartition, older: number): ErrorBody {
  const said = `keyOrder: partition ${older} of ${topicId} is not in the request`;
  return new StrandlineError("INVALID_REQUEST", said, { topicId, partition: older }).toBody();
}

async function growthsOf(
  ports: EdgePorts,
  { topicId, partition }: FetchPartition,
): Promise<readonly GrowthBarrier[] | null> {
  try {
    const topic = await partitionById(ports, topicId, partition);
    return take(await ports.partition(topic, partition).bounds()).growths;
  } catch (thrown) {
    asStrandlineError(thrown);
    return null;
  }
}
