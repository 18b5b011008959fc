/** What operations on groups need of the world, and the checks that all of them begin with. */
import { checkGroupId } from "../../shared/group-id.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { demandPermission } from "../access/access.ts";
import type { Need } from "../access/needs.ts";
import type { GroupCalls } from "../group/group-calls.ts";
import { log, thrownFields } from "../log.ts";
import { take, type Outcome } from "../outcome.ts";
import type { ErrorBody } from "../../shared/strandline-error.ts";
import type { TopicListing } from "../topic-listing.ts";
import type { EdgePorts } from "./ports.ts";

type Addressed<Call> = Call extends (address: never, ...rest: infer Rest) => infer Answer
  ? (...rest: Rest) => Answer
  : never;

/** One group's object, of the caller's namespace. */
export type GroupPort = { readonly [Name in keyof GroupCalls]: Addressed<GroupCalls[Name]> };

export interface GroupPorts {
  of(groupId: string): GroupPort;
  /** All of the namespace. */
  names(): Promise<readonly string[]>;
  /** Seconds old at most. */
  topics(): Promise<TopicListing>;
  /** The id of the caller's member that calls itself so. Null: that is no name. */
  memberIdOf(name: string): Promise<string | null>;
  isOwnMemberId(memberId: string): Promise<boolean>;
}

/** Calls to partitions of one request that are under way at once. */
export const PARTITIONS_AT_ONCE_MAX = 32;

/** Throws `INVALID_GROUP_ID`, `GROUP_AUTHORIZATION_FAILED` whether or not there is such a group. */
export function demandGroup({ access, groups }: EdgePorts, groupId: string, need: Need): GroupPort {
  checkGroupId(groupId);
  demandPermission(access, need, groupId);
  return groups.of(groupId);
}

/** What it answers. Throws its refusal; `COORDINATOR_NOT_AVAILABLE` where the call breaks: it may have happened. */
export async function coordinated<Value>(call: Promise<Outcome<Value>>): Promise<Value> {
  let outcome: Outcome<Value>;
  try {
    outcome = await call;
  } catch (thrown) {
    log.warn("a group could not be asked", thrownFields(thrown));
    throw new StrandlineError("COORDINATOR_NOT_AVAILABLE", "");
  }
  return take(outcome);
}

/** Of one partition of many. A call to it that breaks may have happened: `KAFKA_STORAGE_ERROR`. Never rejects. */
export async function reached<Value>(
  { topicId, partition }: { readonly topicId: string; readonly partition: number },
  work: () => Promise<Value>,
): Promise<Outcome<Value>> {
  try {
    return { ok: true, value: await work() };
  } catch (thrown) {
    if (thrown instanceof StrandlineError) return { ok: false, error: thrown.toBody() };
    log.warn("a partition could not be asked", { topicId, partition, ...thrownFields(thrown) });
    const error = new StrandlineError("KAFKA_STORAGE_ERROR", "the partition could not be asked");
    return { ok: false, error: error.toBody() };
  }
}

export function errorIn(outcome: Outcome<unknown> | undefined): ErrorBody | null {
  return outcome === undefined || outcome.ok ? null : outcome.error;
}

export function noSuchGroup(groupId: string): StrandlineError {
  return new StrandlineError("GROUP_ID_NOT_FOUND", JSON.stringify(groupId), { groupId });
}

/** Throws `UNKNOWN_MEMBER_ID` for everybody but whom it was given to. */
export async function demandOwnMember({ groups }: EdgePorts, memberId: string): Promise<void> {
  if (await groups.isOwnMemberId(memberId)) return;
  throw new StrandlineError("UNKNOWN_MEMBER_ID", "the member id is none of the caller's");
}
