/**
 * What a Worker asks of the object of a REST consumer. The object keeps the consumer and works on nothing itself: a call
 * reads it, does its work in the Worker with the caller's own rights, and writes it back where nobody has come in
 * between. So nothing is told that was not written, and a wait for records holds no object.
 */
import type { GroupHeartbeat, GroupSubscription } from "../../shared/api/groups.ts";
import type { LeaderEpoch, TopicId } from "../../shared/brands.ts";
import type { Outcome } from "../outcome.ts";

/** An instance that nobody asks for anything is gone after so long, or a little more. */
export const CONSUMER_IDLE_MS = 300_000;
/** That it was asked for something is written down as often as this, beside other writes. */
export const SEEN_MS_MAX: number = CONSUMER_IDLE_MS / 10;
export const GONE_MS: number = CONSUMER_IDLE_MS + SEEN_MS_MAX;

export interface ConsumerAddress {
  readonly namespace: string;
  readonly groupId: string;
  readonly instanceId: string;
}

export interface ConsumerConfig {
  readonly format: "binary" | "json";
  readonly offsetReset: "earliest" | "latest" | "none";
  readonly autoCommit: boolean;
  readonly minBytes: number;
  /** The longest that a poll waits; null: as long as it asks for. */
  readonly requestTimeoutMs: number | null;
}

export interface HeldPartition {
  readonly topicId: TopicId;
  readonly topic: string;
  readonly partition: number;
  /** The next record that is told; null: by `offsetReset`, as the log is at the first poll. */
  readonly position: number | null;
  /** The group's offset as this consumer knows it. */
  readonly committed: number | null;
  readonly leaderEpoch: LeaderEpoch | null;
}

export interface ConsumerMember {
  /** Of this life: a join that is repeated with it is the same one. */
  readonly name: string;
  /** 0: it has not joined. */
  readonly epoch: number;
}

export interface ConsumerState {
  readonly config: ConsumerConfig;
  /** Null: not subscribed. */
  readonly subscription: GroupSubscription | null;
  /** With a subscription alone. */
  readonly member: ConsumerMember | null;
  /** Partitions were named by hand. */
  readonly isAssigned: boolean;
  readonly held: readonly HeldPartition[];
  /** Where in `held` the next poll begins. */
  readonly turn: number;
}

export interface ConsumerRead {
  readonly version: number;
  /** Greater than in every answer before: orders what is committed. */
  readonly stamp: number;
  readonly state: ConsumerState;
}

/** `NOT_FOUND` for everybody but the principal that made it. Whoever polls sends heartbeats itself. */
export interface ConsumerCalls {
  /** `UNRELEASED_INSTANCE_ID`: there is one of that name. */
  create(owner: ConsumerOwner, config: ConsumerConfig): Promise<Outcome<null>>;
  read(principal: string, asked: { readonly polls: boolean }): Promise<Outcome<ConsumerRead>>;
  /** False: it was written in between, or is another by now, and nothing is changed. */
  write(principal: string, version: number, state: ConsumerState): Promise<Outcome<boolean>>;
  /** Leaves the group as well. */
  remove(principal: string): Promise<Outcome<null>>;
}

export interface ConsumerOwner extends ConsumerAddress {
  readonly principal: string;
}

/** Injective. */
export function consumerName({ namespace, groupId, instanceId }: ConsumerAddress): string {
  return JSON.stringify([namespace, groupId, instanceId]);
}

/** The instance's id, of the object's own name. */
export function instanceOf(name: string | undefined): string {
  const [, , instanceId = ""] = JSON.parse(name ?? "[]") as string[];
  return instanceId;
}

/** Of one instance, for one caller. */
export interface ConsumerPort {
  create(config: ConsumerConfig): Promise<Outcome<null>>;
  read(asked: { readonly polls: boolean }): Promise<Outcome<ConsumerRead>>;
  write(version: number, state: ConsumerState): Promise<Outcome<boolean>>;
  remove(): Promise<Outcome<null>>;
}

export function ownedOf(held: readonly HeldPartition[]): GroupHeartbeat["owned"] {
  const byTopic = Map.groupBy(held, (one): TopicId => one.topicId);
  return Array.from(byTopic, ([topicId, of]) => ({ topicId, partitions: of.map(({ partition }) => partition) }));
}
