/**
 * A member's heartbeats, one after the other while its life lasts: each tells what it owns and hears what it may. What is
 * not answered is said again.
 */
import { JOINS } from "../../shared/api/groups.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import type { StrandlineError } from "../../shared/strandline-error.ts";
import type { GroupOptions } from "../calls/consumer-calls.ts";
import { Backoff, type RetryPolicy } from "../sync/backoff.ts";
import type { Wake } from "../wake.ts";
import type { EdgeCommits } from "./edge-commits.ts";
import { askedMs, asStrandlineError, verdictOf } from "./edge-errors.ts";
import type { EdgeLife } from "./edge-life.ts";
import type { BeatOptions, GroupTransport } from "./edge-transport.ts";
import type { MembershipEvents } from "./group-membership.ts";

/** A life, and its commits. */
export interface Current {
  readonly life: EdgeLife;
  readonly commits: EdgeCommits;
}

export interface EdgeBeatsPorts extends Pick<MembershipEvents, "changed" | "heartbeat"> {
  readonly transport: GroupTransport;
  readonly group: GroupOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly retry: RetryPolicy;
  /** Between what the edge refuses. */
  readonly backoff: Backoff;
  /** Ends the wait for the next one. */
  readonly wake: Wake;
  readonly closing: AbortSignal;
  /** Sends what earlier lives have kept. Rejects where the edge is not reached; true: none is left. */
  readonly sendKept: (options: BeatOptions) => Promise<boolean>;
  /** Before anybody is told of it. */
  readonly heard: (life: EdgeLife) => Promise<void>;
  readonly joined: () => void;
  readonly leave: (current: Current) => Promise<void>;
  /** What the edge says of it. */
  readonly failed: (current: Current, error: StrandlineError) => void;
  readonly tell: (error: StrandlineError) => void;
}

export const REQUEST_MS_MAX = 10_000;
/** So long a join that is not wanted any more may still be answered. */
const JOIN_MS_MAX = 1_000;

export class EdgeBeats {
  readonly #ports: EdgeBeatsPorts;
  /** Between heartbeats that nobody answers: however long that lasted, whoever is thrown out for it joins again at once. */
  readonly #unreached: Backoff;
  /** Told whether the next heartbeat was answered. */
  #awaited: ((answered: boolean) => void)[] = [];
  /** Commits of earlier lives may be left. */
  #owes = true;

  constructor(ports: EdgeBeatsPorts) {
    this.#ports = ports;
    this.#unreached = new Backoff(ports.retry, ports.random);
  }

  /** Until its life is over. */
  async run(current: Current): Promise<void> {
    const { life } = current;
    this.#owes = true;
    while (!life.isOver) {
      const delayMs = await this.#beat(current);
      if (!life.isOver && delayMs > 0) await this.#ports.wake.wait(delayMs);
    }
    for (const resolve of this.#awaited.splice(0)) resolve(false);
  }

  /** At once. True: it was answered. */
  async next({ isOver }: EdgeLife): Promise<boolean> {
    if (isOver) return false;
    this.#ports.wake.ring();
    return await new Promise((resolve) => this.#awaited.push(resolve));
  }

  /** Answers when the next one is due. */
  async #beat(current: Current): Promise<number> {
    const { clock, transport } = this.#ports;
    const { life, commits } = current;
    const wasHolding = life.holding;
    if (wasHolding) this.#ports.changed();
    const awaited = this.#awaited;
    this.#awaited = [];
    const beganAt = clock.now();
    const timeoutMs = Math.min(REQUEST_MS_MAX, Math.ceil(life.sessionTimeoutMs / 3));
    const options = { timeoutMs, signal: life.signal };
    let answered = false;
    try {
      if (life.facts === null) await this.#settleDebts(options);
      const said = life.heartbeat();
      const signal = life.facts === null ? this.#joinSignal(life) : life.signal;
      const answer = await transport.heartbeat(said, { timeoutMs, signal });
      if (life.isOver) return await this.#leftBefore(current, answer.memberId);
      life.hear(answer, said);
      await this.#ports.heard(life);
      if (life.isOver) return 0;
      life.settled(beganAt);
      answered = true;
      this.#unreached.reset();
      this.#ports.joined();
      // A member that is thrown out as soon as it has joined joins ever more rarely.
      if (said.memberEpoch !== JOINS) this.#ports.backoff.reset();
      const { memberId, memberEpoch } = answer;
      this.#ports.changed();
      this.#ports.heartbeat({ memberId, groupGenerationId: memberEpoch });
      commits.reached();
      if (this.#owes) void this.#settleDebts({ ...options, signal: this.#ports.closing }).catch(() => {});
      const intervalMs = Math.min(answer.heartbeatIntervalMs, this.#ports.group.heartbeatIntervalMs);
      // Not before, where it stands still: a clock that jumps makes it ask once more.
      return life.holding ? 0 : intervalMs * (0.9 + 0.1 * this.#ports.random.next());
    } catch (thrown) {
      if (life.isOver) return 0;
      return await this.#failedBeat(current, asStrandlineError(thrown), { beganAt, wasHolding });
    } finally {
      for (const resolve of awaited) resolve(answered);
    }
  }

  /** Who stops while it joins hears of it for a moment: nobody would take it out of the group for a whole session. */
  #joinSignal(life: EdgeLife): AbortSignal {
    const given = new AbortController();
    life.signal.addEventListener("abort", () => void this.#ports.clock.sleep(JOIN_MS_MAX).then(() => given.abort()), {
      once: true,
    });
    return given.signal;
  }

  async #leftBefore(current: Current, memberId: string): Promise<number> {
    if (current.life.facts === null) {
      current.life.facts = { memberId, memberEpoch: JOINS };
      await this.#ports.leave(current);
    }
    return 0;
  }

  async #failedBeat(
    current: Current,
    error: StrandlineError,
    { beganAt, wasHolding }: { readonly beganAt: number; readonly wasHolding: boolean },
  ): Promise<number> {
    const { life, commits } = current;
    life.settled(beganAt);
    const isUnreached = verdictOf(error) === "unreached";
    if (!isUnreached) {
      this.#unreached.reset();
      this.#ports.failed(current, error);
    } else {
      // Commits go to the partitions, which may be there where the group's coordinator is not.
      commits.unreached();
      if (life.facts === null) this.#ports.tell(error);
    }
    if (life.isOver) return 0;
    if (wasHolding && !life.holding) this.#ports.changed();
    const { clock } = this.#ports;
    // What the edge asks for is kept to its end, whatever comes meanwhile.
    await clock.sleep(askedMs(error), life.signal);
    if (life.holding) return 0;
    const backoff = isUnreached ? this.#unreached : this.#ports.backoff;
    return Math.min(life.sessionTimeoutMs / 3, backoff.nextDelayMs());
  }

  async #settleDebts(options: BeatOptions): Promise<void> {
    if (!this.#owes) return;
    // A second attempt beside this one would find the locks of those lives taken, and nothing left.
    this.#owes = false;
    let settled = false;
    try {
      settled = await this.#ports.sendKept(options);
    } finally {
      this.#owes ||= !settled;
    }
  }
}
