/**
 * A subscribed consumer as a member of its group. A poll is its heartbeat. What it is assigned no more it forgets, with
 * its position: once that is written down, its next heartbeat lets go of it.
 */
import { JOINS, type GroupAssignment } from "../../../shared/api/groups.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import { heartbeat } from "../../operations/groups.ts";
import {
  CONSUMER_IDLE_MS,
  ownedOf,
  type ConsumerMember,
  type ConsumerState,
  type HeldPartition,
} from "../../rest-consumer/consumer-calls.ts";
import { keyOf, type Instance } from "./instance.ts";

export interface Heard {
  readonly state: ConsumerState;
  /** Something is gone: the group is to hear at once that it was let go of. */
  readonly letsGo: boolean;
  readonly nextBeatMs: number;
}

/** The same one where there is nothing to tell the group. Throws what the group refuses. */
export async function heard(instance: Instance, state: ConsumerState): Promise<Heard> {
  const { subscription, member } = state;
  if (subscription === null || member === null) return { state, letsGo: false, nextBeatMs: Number.POSITIVE_INFINITY };
  const { ports, groupId } = instance;
  try {
    const assignment = await heartbeat(ports, groupId, {
      ...{ memberId: await memberIdIn(instance, member), memberEpoch: member.epoch, owned: ownedOf(state.held) },
      ...{ subscription, clientId: instance.instanceId },
      ...{ sessionTimeoutMs: CONSUMER_IDLE_MS, rebalanceTimeoutMs: CONSUMER_IDLE_MS },
    });
    const held = heldBy(state, assignment);
    const letsGo = state.held.some((one) => !held.includes(one));
    const isSame = held.length === state.held.length && !letsGo && assignment.memberEpoch === member.epoch;
    const told = { ...state, member: { ...member, epoch: assignment.memberEpoch }, held };
    return { state: isSame ? state : told, letsGo, nextBeatMs: assignment.heartbeatIntervalMs };
  } catch (thrown) {
    if (!isOver(thrown)) throw thrown;
    return { state: rejoining(instance, state), letsGo: true, nextBeatMs: 0 };
  }
}

/** Throws `UNKNOWN_MEMBER_ID` where it has none: it never joined. */
export async function memberIdIn({ ports }: Instance, { name, epoch }: ConsumerMember): Promise<string> {
  return epoch === JOINS ? name : ((await ports.groups.memberIdOf(name)) ?? name);
}

/** Under a new name, with nothing. */
export function rejoining(instance: Instance, state: ConsumerState): ConsumerState {
  return { ...state, member: { name: instance.newMemberName(), epoch: JOINS }, held: [], turn: 0 };
}

/** Its life in the group is over: it was thrown out, or its session was over. */
function isOver(thrown: unknown): boolean {
  const codes = ["UNKNOWN_MEMBER_ID", "FENCED_MEMBER_EPOCH", "FENCED_INSTANCE_ID"];
  return thrown instanceof StrandlineError && codes.includes(thrown.code);
}

function heldBy({ held }: ConsumerState, { assignment }: GroupAssignment): readonly HeldPartition[] {
  const known = new Map(held.map((one) => [keyOf(one), one]));
  return assignment.flatMap(({ topicId, topic, partitions }) =>
    partitions.flatMap(({ partition, committed }): readonly HeldPartition[] => {
      const own = known.get(keyOf({ topicId, partition }));
      if (own !== undefined) return [own];
      // Granted, and not told where the group is: what it does not name next the group tells again.
      if (committed === undefined) return [];
      const at = committed?.offset ?? null;
      const leaderEpoch = committed?.leaderEpoch ?? null;
      return [{ topicId, topic, partition, position: at, committed: at, leaderEpoch }];
    }),
  );
}
