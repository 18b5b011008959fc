/**
 * One life of a member: from when it makes itself a name until it has left or was thrown out. It says what it owns, hears
 * what it may own, and ends once; whoever wants to go on begins another.
 */
import {
  JOINS,
  LEAVES,
  LEAVES_FOR_A_WHILE,
  type GroupAssignment,
  type GroupHeartbeat,
  type GroupSubscription,
} from "../../shared/api/groups.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import type { ConsumerOptions, GroupOptions } from "../calls/consumer-calls.ts";
import type { MemberFacts } from "./edge-commits.ts";
import { EdgeShares } from "./edge-shares.ts";
import type { Ownership } from "./group-membership.ts";

const NAME_BYTES = 16;
const POLL_LOOKS = 4;
/** Of the time in which a partition is to be let go of: the edge's began before the member heard of it. */
const LETTING_GO_PART = 0.9;

export interface EdgeLifePorts {
  readonly options: ConsumerOptions;
  readonly group: GroupOptions;
  readonly clientId: string;
  readonly assignor: string;
  /** Of a static member. */
  readonly previousMemberId: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** Partitions that were not let go of in time are lost. */
  readonly late: () => void;
}

export class EdgeLife {
  readonly #ports: EdgeLifePorts;
  readonly #over = new AbortController();
  readonly shares: EdgeShares = new EdgeShares();
  /** 22 characters of base64url. */
  readonly name: string;
  /** Null: it has not joined. Stands also when it is over. */
  facts: MemberFacts | null = null;
  /** When the last heartbeat began that was answered, refused, or failed by the network. */
  #settledAt: number;
  sessionTimeoutMs: number;
  /** How often was looked whether somebody polls, since somebody did. */
  #looks = 0;

  constructor(ports: EdgeLifePorts) {
    this.#ports = ports;
    this.name = base64url(ports.random.bytes(NAME_BYTES));
    this.#settledAt = ports.clock.now();
    this.sessionTimeoutMs = ports.group.sessionTimeoutMs;
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  /** The session may be over: nothing was heard for longer than one lasts. The clock may jump: then it is asked. */
  get holding(): boolean {
    const silentMs = this.#ports.clock.now() - this.#settledAt;
    return this.facts !== null && !this.isOver && silentMs > this.sessionTimeoutMs;
  }

  /** A heartbeat that began then has come to something. One that began before a freeze says nothing of what is now. */
  settled(beganAt: number): void {
    this.#settledAt = beganAt;
  }

  heartbeat(): GroupHeartbeat {
    const { options, group, clientId, assignor, previousMemberId } = this.#ports;
    const { sessionTimeoutMs, rebalanceTimeoutMs, instanceId } = group;
    if (this.facts !== null) return { ...this.facts, owned: this.shares.named() };
    return {
      ...{ memberId: this.name, memberEpoch: JOINS, owned: [] },
      ...{ subscription: subscriptionOf(options), assignor, clientId, sessionTimeoutMs, rebalanceTimeoutMs },
      ...(instanceId === null ? {} : { instanceId }),
      ...(previousMemberId === undefined ? {} : { previousMemberId }),
    };
  }

  /** Null: it has never joined, as far as it knows. */
  farewell(): GroupHeartbeat | null {
    if (this.facts === null) return null;
    const memberEpoch = this.#ports.group.instanceId === null ? LEAVES : LEAVES_FOR_A_WHILE;
    return { memberId: this.facts.memberId, memberEpoch, owned: [] };
  }

  /** Of the heartbeat that was answered with it. */
  hear({ memberId, memberEpoch, sessionTimeoutMs, assignment }: GroupAssignment, { owned }: GroupHeartbeat): void {
    this.facts = { memberId, memberEpoch };
    this.sessionTimeoutMs = sessionTimeoutMs;
    const leaving = this.shares.assign(assignment, owned);
    if (leaving.length > 0) void this.#takeBack(leaving);
  }

  polled(): void {
    this.#looks = 0;
  }

  /** In a few looks: a time that is read from a clock could jump. `idle` is called where nobody polls any more. */
  async watchPolls(idle: () => void): Promise<void> {
    const { clock, group } = this.#ports;
    while (!this.isOver) {
      await clock.sleep(group.maxPollIntervalMs / POLL_LOOKS, this.signal);
      if (this.isOver) return;
      this.#looks += 1;
      if (this.#looks > POLL_LOOKS) idle();
    }
  }

  end(): void {
    this.#over.abort();
    this.shares.loseAll();
  }

  /** The edge would throw out who keeps them longer, with all that it owns. */
  async #takeBack(leaving: readonly Ownership[]): Promise<void> {
    const { clock, group, late } = this.#ports;
    await clock.sleep(group.rebalanceTimeoutMs * LETTING_GO_PART, this.signal);
    if (this.isOver) return;
    const kept = leaving.filter((of) => this.shares.lose(of));
    if (kept.length > 0) late();
  }
}

function subscriptionOf({ topics, patterns }: ConsumerOptions): GroupSubscription {
  return {
    topics: topics.map(({ name }) => name),
    patterns: patterns.map(({ pattern: { source, flags } }) => ({ source, flags })),
  };
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
