/** What a member of a device's group has of it. */
import type { PartitionRef } from "../log/device-log.ts";
import type { Ownership } from "./group-membership.ts";
import type { PartitionLock } from "./partition-lock.ts";

export interface Known {
  readonly topic: string;
  readonly ref: PartitionRef;
}

type Owned = { -readonly [Key in keyof Ownership]: Ownership[Key] } & {
  readonly turn: number;
  leavingRounds: number;
};

export interface Share extends Known {
  readonly lock: PartitionLock;
  /** Null: not yet. */
  owned: Owned | null;
}

/** Of an ownership that this group has made. */
export function turnIn(of: Ownership): number {
  return (of as Owned).turn;
}

export function nameOf({ topicKey, partition }: PartitionRef): string {
  return `${topicKey}/${partition}`;
}
