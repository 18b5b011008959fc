/**
 * One socket of the tail, from when it is open until it has ended. What comes is stored, and acknowledged once it is: a
 * slow disk slows the edge. Whatever is not as it should be with a partition (a log that was cut, damage, another leader
 * epoch, a gap) is left to a fetch, which knows what to do, and then it is subscribed anew.
 */
import type { TailBounds, TailClientFrame, TailEdgeFrame } from "../../shared/api/tail.ts";
import type { LeaderEpoch, Offset } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { FetchedRun, PartitionRef, Replica } from "../log/device-log.ts";
import { nameOf, type Followed } from "./followed.ts";
import type { Intake } from "./intake.ts";
import { Pulse } from "./pulse.ts";
import { readTailFrame, type TailRecords } from "./tail-frame.ts";
import { joined } from "./tail-runs.ts";
import { windowBytesFor } from "./tail-state.ts";
import type { TailSocket } from "./tail-transport.ts";

export interface TailStreamPorts {
  readonly replica: Replica;
  readonly clock: Clock;
  readonly intake: Intake;
  readonly replicated: (refs: readonly PartitionRef[]) => void;
  /** A partition is to be fetched once. */
  readonly sidelined: () => void;
  /** The socket is of no use any more. `error` null: its time was over. */
  readonly lost: (error: StrandlineError | null) => void;
}

/** What a fetch has to bring. */
export interface Rest {
  readonly followed: readonly Followed[];
  /** Something of it is to go on over the socket at once: the fetch does not wait. */
  readonly brief: boolean;
}

interface Subscription {
  readonly id: number;
  readonly followed: Followed;
  readonly windowBytes: number;
  /** All below was stored. */
  position: Offset;
  epoch: LeaderEpoch | null;
}

const NOTHING = new Uint8Array();
const ERRORS_MAX = 3;

export class TailStream {
  readonly #ports: TailStreamPorts;
  readonly #socket: TailSocket;
  readonly #byId = new Map<number, Subscription>();
  readonly #byName = new Map<string, Subscription>();
  /** How often a partition was sidelined on this socket. */
  readonly #errors = new Map<string, number>();
  readonly #once = new Set<string>();
  readonly #over = new AbortController();
  readonly #pulse: Pulse;
  #frames: (TailEdgeFrame | TailRecords)[] = [];
  #storing = false;
  #ids = 0;

  constructor(ports: TailStreamPorts, socket: TailSocket) {
    this.#ports = ports;
    this.#socket = socket;
    this.#pulse = new Pulse({
      clock: ports.clock,
      signal: this.#over.signal,
      ping: () => socket.send("ping"),
      dead: () => this.#lose(new StrandlineError("NETWORK_EXCEPTION", "the tail is silent")),
    });
  }

  /** Subscribes those that are not yet, as far as there is room, and drops those that are not wanted. */
  follow(wanted: readonly Followed[]): Rest {
    const isOut = (one: Followed, index: number): boolean =>
      index >= LIMITS.tailSubscriptionsMax || this.#isSidelined(nameOf(one.ref));
    const followed = wanted.filter(isOut);
    const within = wanted.filter((one) => !followed.includes(one));
    const brief = this.#once.size > 0;
    this.#once.clear();
    const names = new Set(within.map(({ ref }) => nameOf(ref)));
    for (const [name, one] of this.#byName) if (!names.has(name)) this.#unsubscribe(one);
    const fresh = within.filter(({ ref }) => !this.#byName.has(nameOf(ref)));
    if (!this.#subscribeAll(fresh)) this.#divideAnew(within);
    return { followed, brief };
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  received(data: string | Uint8Array): void {
    this.#pulse.heard();
    try {
      const frame = readTailFrame(data);
      if (frame === null) return;
      if (frame.type === "end") return this.#lose(null);
      if (frame.type === "error" && frame.id === null) return this.#lose(StrandlineError.fromBody(frame.error));
      this.#frames.push(frame);
    } catch (cause) {
      return this.#lose(new StrandlineError("UNKNOWN_SERVER_ERROR", "a frame of the tail is none", {}, cause));
    }
    if (!this.#storing) void this.#storeAll();
  }

  /** Whether anybody is still there is asked now: the device was asleep, or has changed networks. */
  check(): void {
    void this.#pulse.check();
  }

  close(): void {
    this.#over.abort();
    this.#socket.close();
  }

  get #open(): boolean {
    return !this.#over.signal.aborted;
  }

  #lose(error: StrandlineError | null): void {
    if (!this.#open) return;
    this.close();
    this.#ports.lost(error);
  }

  #isSidelined(name: string): boolean {
    return this.#once.has(name) || (this.#errors.get(name) ?? 0) >= ERRORS_MAX;
  }

  /** False: there is no room for them beside the others. */
  #subscribeAll(fresh: readonly Followed[]): boolean {
    let held = 0;
    for (const { windowBytes } of this.#byId.values()) held += windowBytes;
    const windowBytes = windowBytesFor(fresh.length, held);
    if (windowBytes === null) return false;
    for (const one of fresh) this.#subscribe(one, windowBytes);
    return true;
  }

  /** All begin again with smaller windows, from what is stored. What is under way comes twice. */
  #divideAnew(all: readonly Followed[]): void {
    for (const one of this.#byId.values()) this.#unsubscribe(one);
    this.#subscribeAll(all);
  }

  #subscribe(followed: Followed, windowBytes: number): void {
    const { ref, topicId, from, leaderEpoch, previousCrc } = followed;
    this.#ids += 1;
    const id = this.#ids;
    const one: Subscription = { id, followed, windowBytes, position: from, epoch: null };
    this.#byId.set(id, one);
    this.#byName.set(nameOf(ref), one);
    const place = { topicId, partition: ref.partition, offset: from, leaderEpoch, previousCrc };
    this.#send({ type: "subscribe", id, ...place, windowBytes, keyOrder: false });
  }

  #unsubscribe(one: Subscription): void {
    this.#forget(one);
    this.#send({ type: "unsubscribe", id: one.id });
  }

  #forget({ id, followed }: Subscription): void {
    this.#byId.delete(id);
    this.#byName.delete(nameOf(followed.ref));
  }

  #send(frame: TailClientFrame): void {
    this.#socket.send(JSON.stringify(frame));
  }

  /** What meets while a transaction is under way shares the next one. */
  async #storeAll(): Promise<void> {
    this.#storing = true;
    try {
      while (this.#open && this.#frames.length > 0) await this.#store(this.#frames.splice(0));
    } catch (error) {
      this.#lose(
        error instanceof StrandlineError ? error : new StrandlineError("STORE_FAILED", String(error), {}, error),
      );
    } finally {
      this.#storing = false;
    }
  }

  async #store(frames: readonly (TailEdgeFrame | TailRecords)[]): Promise<void> {
    const { replica } = this.#ports;
    const ids = new Set(frames.map((frame) => ("id" in frame ? frame.id : null)));
    const concerned = [...this.#byId.values()].filter(({ id }) => ids.has(id));
    const heldTo = await this.#heldTo(concerned);
    const runs: FetchedRun[] = [];
    for (const frame of frames) {
      const one = "id" in frame && frame.id !== null ? this.#byId.get(frame.id) : undefined;
      if (one === undefined) continue;
      if (frame.type === "error") this.#sideline(one);
      if (frame.type === "records") runs.push(...this.#take(one, frame, heldTo.get(one) ?? 0));
      if (frame.type === "position") runs.push(...this.#take(one, { ...frame, payload: NOTHING }, 0));
    }
    const news = runs.length === 0 ? [] : await replica.store(joined(runs));
    const told = new Set(news.map(nameOf));
    await this.#heldTo(concerned.filter(({ followed }) => !told.has(nameOf(followed.ref))));
    if (!this.#open) return;
    for (const { id, position } of concerned) if (this.#byId.has(id)) this.#send({ type: "ack", id, offset: position });
    if (news.length > 0) this.#ports.replicated(news);
  }

  /** Where the replica lacks something of what came before, it was not taken, or has gone since: a fetch finds out. */
  async #heldTo(subscriptions: readonly Subscription[]): Promise<Map<Subscription, number>> {
    if (subscriptions.length === 0) return new Map();
    const rows = await this.#ports.replica.rows(subscriptions.map(({ followed }) => followed.ref));
    const heldTo = new Map(subscriptions.map((one, index) => [one, rows[index]?.replicatedTo ?? 0]));
    for (const [one, to] of heldTo) if (to < one.position) this.#sideline(one);
    return heldTo;
  }

  /** Nothing of what is in the replica already: this device's own records went there when they were acknowledged. */
  #take(one: Subscription, frame: TailBounds & { readonly payload: Uint8Array }, heldTo: number): FetchedRun[] {
    const { leaderEpoch, nextOffset, payload } = frame;
    one.epoch ??= leaderEpoch;
    if (one.epoch.counter !== leaderEpoch.counter || one.epoch.random !== leaderEpoch.random) {
      this.#sideline(one);
      return [];
    }
    const from = one.position;
    if (payload.byteLength > 0 && nextOffset <= heldTo) {
      one.position = nextOffset as Offset;
      return [];
    }
    const runs = this.#ports.intake.take({ ...one.followed, from }, { ...frame, error: null }, payload);
    one.position = runs.at(-1)?.nextOffset ?? from;
    if (one.position < nextOffset) this.#sideline(one);
    return runs;
  }

  #sideline(one: Subscription): void {
    if (this.#byId.get(one.id) !== one) return;
    const name = nameOf(one.followed.ref);
    this.#errors.set(name, (this.#errors.get(name) ?? 0) + 1);
    this.#once.add(name);
    this.#unsubscribe(one);
    this.#ports.sidelined();
  }
}
