/**
 * A member of a device's group: the tabs of one browser share its partitions by locks, with no edge to ask. Each knows
 * who is there (`device-members.ts`) and what is whose of that (`fair-share.ts`), asks for the locks of what is its own,
 * and lets go of what is another's. A tab that was frozen has lost its share when it wakes: the number of its turn with a
 * partition stands in the store, and what is committed under an older one is refused, whatever the tab believes.
 */
import type { Replica } from "../log/device-log.ts";
import { turnOf, turnOver } from "../log/turn-over.ts";
import { holdTabLock, Patience } from "../tab-lock.ts";
import { DeviceMembers, QUESTIONS_MAX, ROUND_MS, type DeviceMembersPorts } from "./device-members.ts";
import { nameOf, turnIn, type Known, type Share } from "./device-share.ts";
import { fairShare } from "./fair-share.ts";
import type {
  CommitRefusal,
  GroupMembership,
  GroupStart,
  MembershipEvents,
  OwnedOffset,
  Ownership,
  StoreFence,
} from "./group-membership.ts";
import { PartitionLock } from "./partition-lock.ts";

export interface DeviceGroupPorts extends DeviceMembersPorts {
  readonly replica: Replica;
  readonly rebalanceTimeoutMs: number;
  readonly maxPollIntervalMs: number;
  /** It shows what waits for partitions that are not known yet: one of the tabs does. */
  readonly showsPending: boolean;
}

export class DeviceGroup implements GroupMembership {
  readonly #ports: DeviceGroupPorts;
  readonly #events: Pick<MembershipEvents, "changed">;
  readonly #members: DeviceMembers;
  readonly memberId: string;
  readonly protocol = "sticky";
  readonly holding = false;
  joined = false;
  /** Null: not told yet. */
  #known: ReadonlyMap<string, Known> | null = null;
  /** Its part of that, as it sees it. */
  #mine: ReadonlySet<string> = new Set();
  /** What it wants, has, or has yet to let go of. */
  readonly #shares = new Map<string, Share>();
  /** Of what others have. */
  readonly #silence = new Map<string, Patience>();
  #beginning = false;
  #unpolledRounds = 0;
  #closed = false;
  readsUnassigned = false;
  #reading: { readonly end: AbortController; readonly over: Promise<void> } | null = null;

  constructor(ports: DeviceGroupPorts, events: Pick<MembershipEvents, "changed">) {
    this.#ports = ports;
    this.#events = events;
    this.memberId = memberIdOf(ports);
    this.#members = new DeviceMembers(ports, this.memberId, {
      reads: () => [...(this.#known?.keys() ?? [])],
      holds: () => [...this.#shares].flatMap(([name, { lock }]) => (lock.state === "held" ? [name] : [])),
      waits: () => this.#waits(),
      changed: () => this.#shareOut(),
      heard: (holds) => holds.forEach((name) => this.#silence.get(name)?.heard()),
      round: () => this.#round(),
    });
  }

  owned(): readonly Ownership[] {
    return [...this.#shares.values()].flatMap(({ owned }) => owned ?? []);
  }

  subscribed(partitions: readonly Known[]): void {
    const first = this.#known === null;
    this.#known = new Map(partitions.map((each) => [nameOf(each.ref), each]));
    if (first) this.#join();
    else this.#members.tell();
    this.#shareOut();
  }

  polled(): void {
    this.#unpolledRounds = 0;
    if (this.#known === null || this.#members.here) return;
    this.#join();
    this.#shareOut();
  }

  async confirm(): Promise<void> {
    const owned = this.owned();
    if (owned.length === 0) return;
    const { replica, groupId } = this.#ports;
    const refs = owned.map(({ ref }) => ref);
    const turns = await replica.turns(groupId, refs);
    for (const [index, of] of owned.entries()) if (turns[index] !== turnIn(of)) this.#turnIsOver(of);
  }

  async position({ ref }: Ownership): Promise<GroupStart | null> {
    const { replica, groupId } = this.#ports;
    const offset = await replica.committed(groupId, ref);
    if (offset === null) return null;
    const readFrom = await replica.readFrom(groupId, ref);
    const cutFrom = await replica.cutFrom(groupId, ref);
    return { offset, ...(readFrom === null ? {} : { readFrom }), ...(cutFrom === null ? {} : { cutFrom }) };
  }

  async commit(offsets: readonly OwnedOffset[]): Promise<readonly CommitRefusal[]> {
    const refused = offsets.filter(({ of }) => of.state === "lost").map(({ of }) => of);
    const tried = offsets.flatMap(({ of, offset, readFrom }) =>
      of.state === "lost" ? [] : [{ of, ref: of.ref, offset, readFrom, turn: turnIn(of) }],
    );
    const over = new Set((await this.#ports.replica.commit(this.#ports.groupId, tried)).map(nameOf));
    for (const { of, ref } of tried) {
      if (!over.has(nameOf(ref))) continue;
      refused.push(of);
      this.#turnIsOver(of);
    }
    return refused.map((of) => ({ of, code: "ILLEGAL_GENERATION" }));
  }

  release(of: readonly Ownership[]): void {
    for (const each of of) if (each.state === "leaving") this.#drop(nameOf(each.ref), each);
    this.#shareOut();
  }

  fence(of: Ownership): StoreFence {
    const { groupId } = this.#ports;
    return async (transaction) => {
      if (of.state !== "lost" && (await turnOf(transaction, groupId, of.ref)) === turnIn(of)) return;
      this.#turnIsOver(of);
      throw turnOver(groupId);
    };
  }

  yield(): void {
    void this.#leave();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#leave();
  }

  #join(): void {
    if (this.#closed) return;
    this.#members.join();
    if (!this.#ports.showsPending) return;
    const end = new AbortController();
    const lock = { questionsMax: QUESTIONS_MAX, retryMs: ROUND_MS, failed: () => {} };
    const ports = { ...this.#ports, ...lock, name: `${this.#ports.name}:unassigned` };
    this.#reading = { end, over: holdTabLock(ports, end.signal, (over) => this.#readUnassigned(over)) };
  }

  async #readUnassigned(over: AbortSignal): Promise<void> {
    if (over.aborted) return;
    this.readsUnassigned = true;
    this.#events.changed();
    await new Promise<void>((resolve) => over.addEventListener("abort", () => resolve(), { once: true }));
    this.readsUnassigned = false;
    this.#events.changed();
  }

  /** Resolves when others can have all that it had. */
  async #leave(): Promise<void> {
    const locks = [...this.#shares].map(([name, { lock }]) => {
      this.#drop(name);
      return lock.over;
    });
    this.joined = false;
    this.#reading?.end.abort();
    const left = this.#members.leave();
    if (locks.length > 0) this.#events.changed();
    await Promise.all([left, this.#reading?.over, ...locks]);
  }

  /** The store has heard of it before the lock has. */
  #turnIsOver(of: Ownership): void {
    if (of.state === "lost") return;
    this.#drop(nameOf(of.ref), of);
    this.#events.changed();
    // Its lock may be our own: then it is another turn's.
    this.#members.ask();
  }

  #drop(name: string, of?: Ownership): void {
    const share = this.#shares.get(name);
    if (share === undefined || (of !== undefined && share.owned !== of)) return;
    this.#shares.delete(name);
    if (share.owned !== null) share.owned.state = "lost";
    share.lock.end();
  }

  /** Lets go of what is another's, and asks for what is its own. */
  #shareOut(): void {
    if (this.#known === null || !this.#members.here) return;
    const owners = fairShare(this.#members.all());
    this.#mine = new Set([...this.#known.keys()].filter((name) => owners.get(name) === this.memberId));
    let changed = false;
    for (const [name, { owned }] of this.#shares) {
      if (this.#mine.has(name)) continue;
      const known = this.#known.has(name);
      changed ||= owned !== null && (!known || owned.state === "theirs");
      if (owned === null || !known) this.#drop(name);
      // The page ends what it is at, commits that and releases it.
      else owned.state = "leaving";
    }
    for (const [name, known] of this.#known)
      if (this.#mine.has(name) && !this.#shares.has(name)) this.#want(name, known);
    if (changed) this.#events.changed();
    if (this.#waits()) this.#members.ask();
    void this.#begin();
  }

  #want(name: string, known: Known): void {
    const { locks, name: group } = this.#ports;
    const lock = new PartitionLock(locks, `${group}:${name}`, () => this.#locked(name, lock));
    this.#shares.set(name, { ...known, lock, owned: null });
  }

  #locked(name: string, lock: PartitionLock): void {
    const share = this.#shares.get(name);
    if (share?.lock !== lock) return;
    if (lock.state === "over") {
      this.#drop(name);
      // Stolen. What could not even be asked for is tried again with the next round.
      if (share.owned !== null) {
        this.#events.changed();
        return this.#shareOut();
      }
    }
    if (lock.state !== "held") this.#members.ask();
    void this.#begin();
  }

  /** With what it has the locks of by now: those that were free when it asked are its own all at once. */
  async #begin(): Promise<void> {
    if (this.#beginning) return;
    this.#beginning = true;
    const { replica, groupId } = this.#ports;
    while (this.#members.here && ![...this.#shares.values()].some(({ lock }) => lock.state === "asking")) {
      // Who wakes hears of a lock that it was given while it was frozen before it hears that this was stolen since.
      if (this.joined) await this.#ports.clock.sleep(0);
      const due = [...this.#shares].filter(([, { lock, owned }]) => owned === null && lock.state === "held");
      if (due.length === 0 && this.joined) break;
      const refs = due.map(([, { ref }]) => ref);
      const turns = due.length === 0 ? [] : await replica.beginTurns(groupId, refs).catch(() => null);
      for (const [index, [name, share]] of due.entries()) {
        const turn = turns?.[index];
        if (this.#shares.get(name) !== share) continue;
        if (turn === undefined) this.#drop(name);
        else share.owned = { topic: share.topic, ref: share.ref, state: "theirs", turn, leavingRounds: 0 };
      }
      if (!this.#members.here) break;
      this.joined = true;
      this.#events.changed();
      // Before another that counts the silence of who had it takes it as well.
      if (due.length > 0) this.#members.tell();
      if (turns === null) this.#members.ask();
    }
    this.#beginning = false;
  }

  #waits(): boolean {
    return [...this.#mine].some((name) => this.#shares.get(name)?.lock.state !== "held");
  }

  /** What nobody has claimed for so long is held by one that does not run: it is taken. */
  #round(): void {
    this.#unpolledRounds += 1;
    if (this.#unpolledRounds * ROUND_MS > this.#ports.maxPollIntervalMs) return this.yield();
    this.#hurry();
    for (const name of this.#known?.keys() ?? []) {
      const share = this.#shares.get(name);
      if (share?.lock.state === "held") continue;
      const patience = this.#silence.get(name) ?? new Patience(QUESTIONS_MAX);
      this.#silence.set(name, patience);
      if (patience.round() !== "take" || share?.lock.state !== "waiting") continue;
      patience.took();
      share.lock.steal();
    }
    this.#shareOut();
  }

  /** A page that does not let go is not waited for. */
  #hurry(): void {
    for (const [name, { owned }] of this.#shares) {
      if (owned?.state !== "leaving") continue;
      owned.leavingRounds += 1;
      if (owned.leavingRounds * ROUND_MS <= this.#ports.rebalanceTimeoutMs) continue;
      this.#drop(name);
      this.#events.changed();
    }
  }
}

/** In the order in which they came: what cannot be shared evenly stays with those who were there. */
function memberIdOf({ clock, random }: Pick<DeviceMembersPorts, "clock" | "random">): string {
  const since = Math.trunc(clock.now()).toString(36).padStart(9, "0");
  return `tab-${since}-${Array.from(random.bytes(8), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
