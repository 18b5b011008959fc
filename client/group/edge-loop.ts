/**
 * What keeps a member in its group at the edge: it joins, tells by heartbeats what it owns and hears what it may, and begins
 * again under another name where it was thrown out. Timers are those of its ports, and what a wall clock says makes it ask,
 * never lose.
 */
import type { Clock } from "../../shared/clock.ts";
import type { ErrorCode } from "../../shared/error-table.ts";
import type { Random } from "../../shared/random.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { ConsumerOptions, GroupOptions } from "../calls/consumer-calls.ts";
import type { DeviceNews } from "../device-news.ts";
import type { Replica, TopicCatalog } from "../log/device-log.ts";
import type { Store } from "../log/store.ts";
import type { Locks } from "../ports.ts";
import { Backoff, type RetryPolicy } from "../sync/backoff.ts";
import { Wake } from "../wake.ts";
import { EdgeBeats, REQUEST_MS_MAX, type Current } from "./edge-beats.ts";
import { EdgeCommits } from "./edge-commits.ts";
import { asStrandlineError, verdictOf } from "./edge-errors.ts";
import { takeTurn } from "./edge-instance.ts";
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
  readonly news: Pick<DeviceNews, "publish" | "listen">;
  readonly clock: Clock;
  readonly random: Random;
  readonly retry: RetryPolicy;
}

/** A page that goes waits no longer for the edge. */
const LEAVE_MS_MAX = 3_000;
const FOR_EVER_MS = 2 ** 31 - 1;

export class EdgeLoop {
  readonly #ports: EdgeLoopPorts;
  readonly #options: ConsumerOptions;
  readonly #group: GroupOptions;
  readonly #events: MembershipEvents;
  readonly #kept: KeptCommits;
  readonly #wake: Wake;
  readonly #backoff: Backoff;
  readonly #beats: EdgeBeats;
  readonly #closing = new AbortController();
  readonly #done: Promise<void>;
  current: Current | null = null;
  /** Nobody polls: it is out of the group until somebody does. */
  #away = false;
  #assignor = 0;
  #joined = false;
  /** The next life begins after a while. */
  #thrownOut = false;
  #toldCode: ErrorCode | null = null;
  /** Has it, or waits for another tab's to end: a page that stands still would keep it from others. */
  #turn: AbortController | null = null;
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
    this.#beats = new EdgeBeats({
      ...{ ...ports, ...events, group: options.group, backoff: this.#backoff, wake: this.#wake },
      closing: this.#closing.signal,
      sendKept: async (asked) => await this.#kept.send(asked),
      heard: async (life) => await this.#heard(life),
      joined: () => {
        this.#joined = true;
        this.#toldCode = null;
      },
      leave: async (current) => await this.#leave(current),
      failed: (current, error) => this.#failed(current, error),
      tell: (error) => this.#tell(error),
    });
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
    this.current?.life.polled();
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
    this.#turn?.abort();
    if (current?.life.isOver === false) {
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
      if (instanceId === null) await this.#live();
      else await this.#asInstance(instanceId);
    } catch (thrown) {
      this.#stumbled(thrown);
    }
    if (!this.#thrownOut) return;
    this.#thrownOut = false;
    await this.#ports.clock.sleep(this.#backoff.nextDelayMs(), this.#closing.signal);
  }

  #stumbled(thrown: unknown): void {
    if (this.current !== null) this.#end(this.current);
    this.#thrownOut = true;
    this.#tell(asStrandlineError(thrown));
  }

  async #asInstance(instanceId: string): Promise<void> {
    const { retry, random } = this.#ports;
    const said = `another tab is instance ${JSON.stringify(instanceId)}`;
    const waits = (): void => this.#tell(new StrandlineError("UNRELEASED_INSTANCE_ID", said, { instanceId }));
    const backoff = new Backoff(retry, random);
    const failed = (thrown: unknown): void => this.#stumbled(thrown);
    const name = this.#lockName("instance", instanceId);
    const turn = new AbortController();
    this.#turn = turn;
    await takeTurn({ ...this.#ports, name, kept: this.#kept, backoff, waits, failed }, turn, async (over) => {
      await this.#live(instanceId, over);
    });
  }

  async #live(instanceId?: string, turnOver?: AbortSignal): Promise<void> {
    await this.#leaving;
    const previousMemberId = instanceId === undefined ? undefined : await this.#kept.previousMemberId(instanceId);
    // It was stopped meanwhile, or it slept through its turn.
    if (this.#away || turnOver?.aborted === true) return;
    const current = this.#begin(previousMemberId);
    this.current = current;
    const { life, commits } = current;
    void life.watchPolls(() => this.stepDown());
    await this.#ports.locks.request(this.#lockName("member", life.name), {}, async () => {
      await this.#beats.run(current);
      await commits.settled();
    });
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
      replica,
      beat: async () => await this.#beats.next(life),
      lost: late,
      refused: (error) => this.#failed({ life, commits }, error),
      fenced: (range) => this.#events.fenced(range),
    });
    return { life, commits };
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
}
