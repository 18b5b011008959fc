/**
 * Who is there of a device's group: its members tell each other over the channel of the tabs, when they come, when they
 * go, and when one of them asks. One that ends without a word lets go of the lock of its life, which all others wait
 * for; one that was frozen holds on to that, and is not counted once it has not answered several questions in a row.
 * Who is alone asks nobody.
 */
import type { Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import type { DeviceMessage, DeviceNews } from "../device-news.ts";
import type { LockOptions, Locks } from "../ports.ts";
import { Patience } from "../tab-lock.ts";

export interface DeviceMembersPorts {
  /** Of the group's locks. */
  readonly name: string;
  readonly groupId: string;
  readonly locks: Locks;
  readonly news: Pick<DeviceNews, "publish" | "listen">;
  readonly clock: Clock;
  readonly random: Random;
}

export interface DeviceMember {
  /** Partitions by name. */
  readonly reads: () => readonly string[];
  /** Of those that it works on, or has yet to let go of. */
  readonly holds: () => readonly string[];
  /** It waits for what others hold: they are asked although it knows of none. */
  readonly waits: () => boolean;
  /** Others are there, or read something else. */
  readonly changed: () => void;
  readonly heard: (holds: readonly string[]) => void;
  /** Another round of questions and answers is over. */
  readonly round: () => void;
}

interface Other {
  reads: readonly string[];
  readonly patience: Patience;
  readonly watch: AbortController;
}

/** With the rounds: about nine seconds. Kafka's shortest sessions are of that length. */
export const QUESTIONS_MAX = 8;
export const ROUND_MS = 1_000;
/** A round that took so many was none. */
const LATE_ROUNDS = 4;
/** They do not ask all in one moment. */
const JITTER_MS = 150;

export class DeviceMembers {
  readonly #ports: DeviceMembersPorts;
  readonly #me: string;
  readonly #member: DeviceMember;
  readonly #others = new Map<string, Other>();
  #stay: { readonly end: AbortController; readonly over: Promise<unknown> } | null = null;
  /** Others can tell the end of this life. */
  #lives = false;
  #asking = false;
  /** Somebody else has asked in this round: that is enough for all. */
  #asked = false;

  constructor(ports: DeviceMembersPorts, me: string, member: DeviceMember) {
    this.#ports = ports;
    this.#me = me;
    this.#member = member;
  }

  get here(): boolean {
    return this.#stay !== null;
  }

  /** What each reads. */
  all(): Map<string, readonly string[]> {
    const all = new Map(Array.from(this.#others, ([member, { reads }]) => [member, reads]));
    return all.set(this.#me, this.#member.reads());
  }

  join(): void {
    const end = new AbortController();
    const stop = this.#ports.news.listen((message) => this.#hear(message));
    end.signal.addEventListener("abort", stop, { once: true });
    const { name } = this.#ports;
    const born = (): void => {
      this.#lives = true;
      this.#say({ asks: true });
    };
    const over = Promise.all([
      this.#hold(lifeOf(name, this.#me), { signal: end.signal }, born),
      // So that what is to be done while no consumer runs can be told from what may be done (`AdminDesk`).
      this.#hold(name, { signal: end.signal, mode: "shared" }, () => {}),
    ]);
    this.#stay = { end, over };
  }

  async leave(): Promise<void> {
    const stay = this.#stay;
    if (stay === null) return;
    this.#stay = null;
    this.#lives = false;
    for (const member of this.#others.keys()) this.#forget(member);
    stay.end.abort();
    this.#ports.news.publish({ type: "group.left", group: this.#ports.groupId, member: this.#me });
    await stay.over;
  }

  /** What it reads or holds is something else. */
  tell(): void {
    if (this.#others.size > 0) this.#say({ asks: false });
  }

  /** To be called when it begins to wait. */
  ask(): void {
    if (!this.#asking) void this.#rounds();
  }

  #hear(message: DeviceMessage): void {
    if (message.type !== "group.here" && message.type !== "group.left") return;
    const { member } = message;
    if (message.group !== this.#ports.groupId || member === this.#me) return;
    if (message.type === "group.left") {
      if (this.#forget(member)) this.#member.changed();
      return;
    }
    const { reads, holds, asks } = message;
    if (asks) this.#asked = true;
    this.#member.heard(holds);
    const known = this.#others.get(member);
    const changed = known === undefined || known.reads.join() !== reads.join();
    const other = known ?? this.#meet(member);
    other.reads = reads;
    other.patience.heard();
    // Before it changes anything: who has just come learns of all at once.
    if (asks) this.#say({ asks: false });
    if (changed) this.#member.changed();
    this.ask();
  }

  #meet(member: string): Other {
    const other: Other = { reads: [], patience: new Patience(QUESTIONS_MAX), watch: new AbortController() };
    this.#others.set(member, other);
    const { locks, name } = this.#ports;
    const { signal } = other.watch;
    const died = async (): Promise<void> => {
      if (this.#others.get(member) === other && this.#forget(member)) this.#member.changed();
    };
    locks.request(lifeOf(name, member), { signal }, died).catch(() => {});
    return other;
  }

  #forget(member: string): boolean {
    this.#others.get(member)?.watch.abort();
    return this.#others.delete(member);
  }

  async #rounds(): Promise<void> {
    this.#asking = true;
    const { clock, random } = this.#ports;
    for (let stay = this.#stay; stay !== null && this.#askable(); stay = this.#stay) {
      // Counted in rounds, not by the clock: after the machine has slept, it is time that passed and not silence.
      const since = clock.now();
      await clock.sleep(ROUND_MS + random.next() * JITTER_MS, stay.end.signal);
      if (this.#stay !== stay || !this.#askable()) continue;
      // Who was frozen itself asks first: what it has counted is of another time.
      if (clock.now() - since < LATE_ROUNDS * ROUND_MS) this.#count();
      if (!this.#asked) this.#say({ asks: true });
      this.#asked = false;
    }
    this.#asking = false;
  }

  #count(): void {
    let changed = false;
    for (const [member, { patience }] of this.#others)
      if (patience.round() === "take") changed = this.#forget(member) || changed;
    this.#member.round();
    if (changed) this.#member.changed();
  }

  #askable(): boolean {
    return this.#others.size > 0 || this.#member.waits();
  }

  #say({ asks }: { readonly asks: boolean }): void {
    if (!this.#lives) return;
    const { groupId: group, news } = this.#ports;
    const [reads, holds] = [this.#member.reads(), this.#member.holds()];
    news.publish({ type: "group.here", group, member: this.#me, reads, holds, asks });
  }

  /** Until the signal fires. */
  async #hold(name: string, options: LockOptions & { readonly signal: AbortSignal }, held: () => void): Promise<void> {
    const { locks, clock } = this.#ports;
    const { signal } = options;
    const body = async (): Promise<void> => {
      if (signal.aborted) return;
      held();
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    };
    while (!signal.aborted) {
      try {
        await locks.request(name, options, body);
      } catch {
        await clock.sleep(ROUND_MS, signal);
      }
    }
  }
}

function lifeOf(name: string, member: string): string {
  return `${name}:life:${member}`;
}
