/** How far a group is behind: as each of its partitions says, and the worst of them for the group. */
import type { GroupLag, LagStatus, PartitionLag } from "../../shared/api/groups.ts";
import type { EdgePorts } from "./ports.ts";
import { groupStandings, type StandingOfPartition } from "./group-offsets.ts";
import { coordinated, demandGroup } from "./group-ports.ts";

/** From good to bad. What could not be asked is not called `OK`, and hides nothing that is known to be worse. */
const STATUSES: readonly (LagStatus | null)[] = ["OK", null, "WARNING", "STALLED", "STOPPED"];

/** Of topics that may be described. Throws `GROUP_ID_NOT_FOUND`, `COORDINATOR_NOT_AVAILABLE`. */
export async function groupLag(ports: EdgePorts, groupId: string): Promise<GroupLag> {
  const group = demandGroup(ports, groupId, "describeGroup");
  const [standings, { members }] = await Promise.all([
    groupStandings(ports, groupId, null),
    coordinated(group.describe()),
  ]);
  const present = new Set(members.map(({ memberId }) => memberId));
  const partitions = standings.map((one) => lagOf(one, present));
  const statuses = partitions.map(({ status }) => STATUSES.indexOf(status));
  return {
    groupId,
    status: STATUSES[Math.max(0, ...statuses)] ?? null,
    lag: partitions.reduce((sum, { lag }) => sum + lag, 0),
    timeLagMs: partitions.reduce((longest, { timeLagMs }) => Math.max(longest, timeLagMs), 0),
    partitions,
  };
}

/** A partition keeps its last owner until it hears of another: one that has left the group owns nothing. */
function lagOf({ standing, ...where }: StandingOfPartition, present: ReadonlySet<string>): PartitionLag {
  if (!standing.ok) {
    const nothing = { logStartOffset: 0, logEndOffset: 0, committed: null, lag: 0, rate: null, timeLagMs: 0 };
    return { ...where, ...nothing, memberId: null, status: null, error: standing.error };
  }
  const { logStartOffset, highWatermark, memberId, committed, ...rest } = standing.value;
  return {
    ...{ ...where, logStartOffset, logEndOffset: highWatermark },
    ...{ ...rest, committed: committed?.offset ?? null },
    ...{ memberId: memberId !== null && present.has(memberId) ? memberId : null, error: null },
  };
}
