/**
 * What keeps a member in its group at the edge: it joins, tells by heartbeats what it owns and hears what it may, and begins
 * again under another name where it was thrown out. Timers are those of its ports, and what a wall clock says makes it ask,
 * never lose.
 */
import { JOINS } from "../../shared/api/groups.ts";
import type { LeaderEpoch } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import type { ErrorCode } from "../../shared/error-table.ts";
import type { Random } from "../../shared/random.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { ConsumerOptions, GroupOptions } from "../calls/consumer-calls.ts";
import type { PartitionRef, Replica, TopicCatalog } from "../log/device-log.ts";
import type { Store } from "../log/store.ts";
import type { Locks } from "../ports.ts";
import { Backoff, type RetryPolicy } from "../sync/backoff.ts";
import { Wake } from "../wake.ts";
import { EdgeCommits } from "./edge-commits.ts";
import { askedMs, asStrandlineError, verdictOf } from "./edge-errors.ts";
import { EdgeLife } from "./edge-life.ts";
import type { GroupTransport } from "./edge-transport.ts";
import type { MembershipEvents } from "./group-membership.ts";
import { KeptCommits } from "./kept-commits.ts";

export interface EdgeLoopPorts {
  readonly groupId: string;
  readonly clientId: string;
  /** Names locks: another for each device. */
  readonly database: string;
  readonly transport: GroupTransport;
  readonly store: Store;
  readonly catalog: TopicCatalog;
  readonly replica: Pick<Replica, "rows">;
  /** Lets the device know of topics. */
  readonly askTopics: (names: readonly string[]) => Promise<unknown>;
  readonly locks: Locks;
  readonly clock: Clock;
  readonly random: Random;
  readonly retry: RetryPolicy;
}

const REQUEST_MS_MAX = 10_000;
/** A page that goes waits no longer for the edge. */
const LEAVE_MS_MAX = 3_000;
const POLL_LOOKS = 4;
/** So long a join that is not wanted any more may still be answered. */
const JOIN_MS_MAX = 1_000;
const FOR_EVER_MS = 2 ** 31 - 1;

/** A life, and its commits. */
export interface Current {
  readonly life: EdgeLife;
  readonly commits: EdgeCommits;
}

export class EdgeLoop {
  readonly #ports: EdgeLoopPorts;
  readonly #options: ConsumerOptions;
  readonly #group: GroupOptions;
  readonly #events: MembershipEvents;
  readonly #kept: KeptCommits;
  readonly #wake: Wake;
  readonly #backoff: Backoff;
  readonly #closing = new AbortController();
  readonly #done: Promise<void>;
  current: Current | null = null;
  /** Nobody polls: it is out of the group until somebody does. */
  #away = false;
  /** How often was looked whether somebody polls, since somebody did. */
  #looks = 0;
  #assignor = 0;
  #joined = false;
  /** Commits of earlier lives may be left. */
  #owes = true;
  /** The next life begins after a while. */
  #thrownOut = false;
  #toldCode: ErrorCode | null = null;
  /** Told whether the next heartbeat was answered. */
  #awaited: ((answered: boolean) => void)[] = [];
  #leaving: Promise<void> = Promise.resolve();

  constructor(ports: EdgeLoopPorts, options: ConsumerOptions, events: MembershipEvents) {
    if (options.group === null) throw new TypeError("a member has a group");
    this.#ports = ports;
    this.#options = options;
    this.#group = options.group;
    this.#events = events;
    this.#wake = new Wake(ports.clock);
    this.#backoff = new Backoff(ports.retry, ports.random);
    const lockName = (name: string): string => this.#lockName("member", name);
    this.#kept = new KeptCommits({ ...ports, lockName, fenced: (range) => this.#events.fenced(range) });
    // What it tells comes after its maker has heard of it.
    this.#done = Promise.resolve().then(() => this.#run());
  }

  get joined(): boolean {
    return this.#joined;
  }

  /** How partitions are shared out. */
  get assignor(): string {
    return this.#group.assignors[this.#assignor] ?? "";
  }

  /** The page works. */
  polled(): void {
    this.#looks = 0;
    if (!this.#away && this.current?.life.holding !== true) return;
    if (!this.#closing.signal.aborted) this.#away = false;
    this.hurry();
  }

  /** The next heartbeat is sent at once. */
  hurry(): void {
    this.#wake.ring();
  }

  /** A topic may have become known that was granted before. */
  resolve(): void {
    const life = this.current?.life;
    if (life === undefined) return;
    void this.#resolve(life).then(
      (changed) => changed && this.#events.changed(),
      () => {},
    );
  }

  /** Leaves for good. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.stepDown();
    await this.#done;
    await this.#leaving;
  }

  #lockName(what: "member" | "instance", name: string): string {
    const { database, groupId } = this.#ports;
    return `strandline:${database}:${what}:${JSON.stringify([groupId, name])}`;
  }

  /** Out of the group until the page polls again. */
  stepDown(): void {
    this.#away = true;
    const current = this.current;
    if (current !== null) {
      this.#end(current);
      this.#leaving = this.#leave(current);
    }
    this.#wake.ring();
  }

  /** All that it owned is lost. */
  #end({ life }: Current): void {
    if (life.isOver) return;
    life.end();
    this.#joined = false;
    this.#tellAwaited(false);
    this.#events.changed();
  }

  async #leave({ life }: Current): Promise<void> {
    const { transport, clock } = this.#ports;
    const farewell = life.farewell();
    if (farewell === null) return;
    const given = new AbortController();
    void clock.sleep(LEAVE_MS_MAX).then(() => given.abort());
    await transport.leave(farewell, { timeoutMs: LEAVE_MS_MAX, signal: given.signal }).catch(() => {});
  }

  async #run(): Promise<void> {
    const { instanceId } = this.#group;
    while (!this.#closing.signal.aborted) {
      if (this.#away) await this.#wake.wait(FOR_EVER_MS);
      else await this.#asMember(instanceId);
    }
  }

  /** Never rejects: it tells what stands in the way, and comes again. */
  async #asMember(instanceId: string | null): Promise<void> {
    try {
      if (instanceId === null) await this.#live(undefined);
      else await this.#asInstance(instanceId);
    } catch (thrown) {
      if (this.current !== null) this.#end(this.current);
      this.#thrownOut = true;
      this.#tell(asStrandlineError(thrown));
    }
    if (!this.#thrownOut) return;
    this.#thrownOut = false;
    await this.#ports.clock.sleep(this.#backoff.nextDelayMs(), this.#closing.signal);
  }

  /** Another tab with the same instance id has its turn until it closes. */
  async #asInstance(instanceId: string): Promise<void> {
    const { locks } = this.#ports;
    const name = this.#lockName("instance", instanceId);
    const live = async (): Promise<void> => await this.#live(instanceId);
    let had = false;
    await locks.request(name, { ifAvailable: true }, async () => {
      had = true;
      await live();
    });
    if (had || this.#away) return;
    const said = `another tab is instance ${JSON.stringify(instanceId)}`;
    this.#events.failed(new StrandlineError("UNRELEASED_INSTANCE_ID", said, { instanceId }), false);
    await locks
      .request(name, { signal: this.#closing.signal }, async () => {
        if (!this.#away && !this.#closing.signal.aborted) await live();
      })
      .catch(() => {});
  }

  async #live(instanceId: string | undefined): Promise<void> {
    await this.#leaving;
    const previousMemberId = instanceId === undefined ? undefined : await this.#kept.previousMemberId(instanceId);
    // It was stopped meanwhile.
    if (this.#away) return;
    const current = this.#begin(previousMemberId);
    this.current = current;
    const { life, commits } = current;
    void this.#watchPolls(life);
    await this.#ports.locks.request(this.#lockName("member", life.name), {}, async () => {
      while (!life.isOver) {
        const delayMs = await this.#beat(current);
        if (!life.isOver && delayMs > 0) await this.#wake.wait(delayMs);
      }
      await commits.settled();
    });
    this.#owes = true;
  }

  #begin(previousMemberId: string | undefined): Current {
    const { clock, random, clientId, transport, replica } = this.#ports;
    const late = (): void => {
      this.#wake.ring();
      this.#events.changed();
    };
    const ports = { options: this.#options, group: this.#group, clientId, assignor: this.assignor };
    const life = new EdgeLife({ ...ports, previousMemberId, clock, random, late });
    const commits = new EdgeCommits({
      ...{ name: life.name, shares: life.shares, transport, kept: this.#kept },
      member: () => life.facts,
      options: { timeoutMs: REQUEST_MS_MAX, signal: this.#closing.signal },
      leaderEpochs: async (refs) => await leaderEpochs(replica, refs),
      beat: async () => (life.isOver ? false : await this.#nextBeat()),
      lost: late,
      refused: (error) => this.#failed({ life, commits }, error),
      fenced: (range) => this.#events.fenced(range),
    });
    return { life, commits };
  }

  #nextBeat(): Promise<boolean> {
    this.#wake.ring();
    return new Promise((resolve) => this.#awaited.push(resolve));
  }

  #tellAwaited(answered: boolean): void {
    for (const resolve of this.#awaited.splice(0)) resolve(answered);
  }

  /** Answers when the next one is due. */
  async #beat(current: Current): Promise<number> {
    const { clock, transport } = this.#ports;
    const { life, commits } = current;
    const wasHolding = life.holding;
    if (wasHolding) this.#events.changed();
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
      await this.#heard(life);
      if (life.isOver) return 0;
      life.settled(beganAt);
      answered = true;
      this.#joined = true;
      this.#toldCode = null;
      // A member that is thrown out as soon as it has joined joins ever more rarely.
      if (said.memberEpoch !== JOINS) this.#backoff.reset();
      const { memberId, memberEpoch } = answer;
      this.#events.changed();
      this.#events.heartbeat({ memberId, groupGenerationId: memberEpoch });
      commits.reached();
      if (this.#owes) void this.#settleDebts({ ...options, signal: this.#closing.signal }).catch(() => {});
      const intervalMs = Math.min(answer.heartbeatIntervalMs, this.#group.heartbeatIntervalMs);
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
      await this.#leave(current);
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
    if (verdictOf(error) !== "unreached") this.#failed(current, error);
    else if (life.facts === null) this.#tell(error);
    if (life.isOver) return 0;
    commits.unreached();
    if (wasHolding && !life.holding) this.#events.changed();
    const { clock } = this.#ports;
    // What the edge asks for is kept to its end, whatever comes meanwhile.
    await clock.sleep(askedMs(error), life.signal);
    if (life.holding) return 0;
    return Math.min(life.sessionTimeoutMs / 3, this.#backoff.nextDelayMs());
  }

  /** Of a heartbeat or of a commit. */
  #failed(current: Current, error: StrandlineError): void {
    const verdict = verdictOf(error);
    if (error.code === "UNSUPPORTED_ASSIGNOR" && this.#assignor + 1 < this.#group.assignors.length) {
      this.#assignor += 1;
      this.#end(current);
    } else if (verdict === "final") {
      this.#away = true;
      this.#closing.abort();
      this.#end(current);
      this.#events.failed(error, true);
    } else {
      if (verdict === "thrown out") {
        this.#thrownOut = true;
        this.#end(current);
      }
      this.#tell(error);
    }
  }

  /** Once until it is another, or it has joined. */
  #tell(error: StrandlineError): void {
    if (this.#toldCode === error.code) return;
    this.#toldCode = error.code;
    this.#events.failed(error, false);
  }

  async #heard(life: EdgeLife): Promise<void> {
    const { instanceId } = this.#group;
    if (!this.#joined && instanceId !== null && life.facts !== null)
      await this.#kept.remember(instanceId, life.facts.memberId);
    await this.#resolve(life);
  }

  /** True: something that was granted has become known. */
  async #resolve(life: EdgeLife): Promise<boolean> {
    const before = life.shares.owned().length;
    const unknown = life.shares.resolve(await this.#ports.catalog.all());
    if (unknown.length > 0) void this.#ports.askTopics(unknown).catch(() => {});
    return life.shares.owned().length > before;
  }

  /** What earlier lives could not send. Rejects where the edge is not reached. */
  async #settleDebts(options: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<void> {
    if (this.#owes) this.#owes = !(await this.#kept.send(options));
  }

  /** In a few looks: a time that is read from a clock could jump. */
  async #watchPolls(life: EdgeLife): Promise<void> {
    const { clock } = this.#ports;
    this.#looks = 0;
    while (!life.isOver) {
      await clock.sleep(this.#group.maxPollIntervalMs / POLL_LOOKS, life.signal);
      if (life.isOver) return;
      this.#looks += 1;
      if (this.#looks > POLL_LOOKS) this.stepDown();
    }
  }
}

async function leaderEpochs(
  replica: Pick<Replica, "rows">,
  refs: readonly PartitionRef[],
): Promise<(LeaderEpoch | null)[]> {
  return (await replica.rows(refs)).map((row) => row?.leaderEpoch ?? null);
}
