/** A member as its group knows it: what it said on joining, and what it said and was told since. */
import {
  SESSION_MS_MAX,
  SESSION_MS_MIN,
  type GroupHeartbeat,
  type GroupSubscription,
} from "../../shared/api/groups.ts";
import type { TopicId } from "../../shared/brands.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { Slot } from "./group-slots.ts";

const SESSION_MS = { least: SESSION_MS_MIN, usual: 45_000, most: SESSION_MS_MAX };
const REBALANCE_MS = { usual: 60_000, most: 1_800_000 } as const;
const HEARTBEAT_MS_MAX = 5_000;
/** Ids of earlier lives of an instance that are told that they are fenced; older ones are just unknown. */
const FORMER_IDS = 8;

/** What a member can say anew with any heartbeat. */
export interface MemberSettings {
  readonly subscription: GroupSubscription;
  readonly assignor: string;
  readonly clientId: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
}

export interface Member {
  readonly id: string;
  readonly instanceId: string | null;
  readonly formerIds: readonly string[];
  /** A heartbeat of an earlier epoch is of an earlier life. */
  readonly joinedEpoch: number;
  settings: MemberSettings;
  /** Of the listing by which its topics were resolved last. */
  revision: number;
  topics: ReadonlySet<TopicId>;
  /** It left, and comes back. */
  isAway: boolean;

  /** From here on in memory alone. The highest epoch that it said. */
  epoch: number;
  /** The highest that it may have heard. */
  toldEpoch: number;
  /** By the watched time. */
  seenMs: number;
  readonly targets: Set<Slot>;
  /** What is another's, and was not let go of. */
  readonly holds: Set<Slot>;
}

/** Throws `INVALID_REQUEST`, `INVALID_SESSION_TIMEOUT`. `known`: what stands where the beat says nothing; null: it joins. */
export function settingsOf(beat: GroupHeartbeat, known: MemberSettings | null, assignor: string): MemberSettings {
  const subscription = beat.subscription ?? known?.subscription;
  if (subscription === undefined) throw new StrandlineError("INVALID_REQUEST", "a member joins without a subscription");
  const sessionTimeoutMs = beat.sessionTimeoutMs ?? known?.sessionTimeoutMs ?? SESSION_MS.usual;
  if (!isWithin(sessionTimeoutMs, SESSION_MS.least, SESSION_MS.most))
    throw new StrandlineError(
      "INVALID_SESSION_TIMEOUT",
      `${sessionTimeoutMs} ms, from ${SESSION_MS.least} to ${SESSION_MS.most} are legal`,
      { sessionTimeoutMs },
    );
  const rebalanceTimeoutMs = beat.rebalanceTimeoutMs ?? known?.rebalanceTimeoutMs ?? REBALANCE_MS.usual;
  if (!isWithin(rebalanceTimeoutMs, 1, REBALANCE_MS.most))
    throw new StrandlineError(
      "INVALID_REQUEST",
      `rebalanceTimeoutMs ${rebalanceTimeoutMs}, from 1 to ${REBALANCE_MS.most} are legal`,
      { rebalanceTimeoutMs },
    );
  const clientId = beat.clientId ?? known?.clientId ?? "";
  return { subscription, assignor, clientId, sessionTimeoutMs, rebalanceTimeoutMs };
}

export function newMember(given: Omit<Member, "epoch" | "toldEpoch" | "seenMs" | "targets" | "holds">): Member {
  return { ...given, epoch: given.joinedEpoch, toldEpoch: 0, seenMs: 0, targets: new Set(), holds: new Set() };
}

/** Of the life that takes its place. */
export function formerIdsOf(twin: Member | undefined): readonly string[] {
  return twin === undefined ? [] : [...twin.formerIds, twin.id].slice(-FORMER_IDS);
}

export function heartbeatIntervalMs({ settings }: Member): number {
  return Math.min(HEARTBEAT_MS_MAX, Math.floor(settings.sessionTimeoutMs / 3));
}

/** It did not let go of what it was told to in its time. */
export function isOverdue(member: Member, watchedMs: number): boolean {
  return [...member.holds].some((slot) =>
    slot.holders.some(
      (holder) =>
        holder.member === member &&
        holder.askedMs !== null &&
        watchedMs - holder.askedMs > member.settings.rebalanceTimeoutMs,
    ),
  );
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}
