/**
 * Reads committed records at the edge and stores nothing: for consumers that read through. It has the face of the
 * device's replica and waits as little as that does: what is not here yet is fetched, ahead of its reader and as soon as
 * it is appended, and `onNews` tells.
 */
import type { TopicMetadata } from "../../shared/api/metadata.ts";
import type { Offset, TopicKey } from "../../shared/brands.ts";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { PartitionRef, ReadResult, Replica, TopicCatalog } from "../log/device-log.ts";
import { NEW_PARTITION } from "../log/partition-row.ts";
import type { PartitionRow, TopicRow } from "../log/rows.ts";
import { Backoff } from "./backoff.ts";
import type { EdgeClient } from "./edge-client.ts";
import { askFor, isKnown, nameOf, type Followed } from "./followed.ts";
import { HeldBack, type HeldBackPorts } from "./held-back.ts";
import { Hold } from "./hold.ts";
import { Intake, type IntakePorts } from "./intake.ts";
import { Nudge } from "./nudge.ts";
import { RemoteWindow } from "./remote-window.ts";

export interface RemoteReplicaPorts
  extends Pick<IntakePorts, "sessionId" | "truncated" | "damaged" | "unknown">, HeldBackPorts {
  readonly catalog: TopicCatalog;
  readonly edge: EdgeClient;
  /** Asks the edge about topics; what it tells of them the catalog learns. */
  readonly askTopics: (names: readonly string[]) => Promise<readonly TopicMetadata[]>;
  readonly reached: (error: StrandlineError | null) => void;
}

type Listener = (refs: readonly PartitionRef[]) => void;

/** In memory, over all partitions. */
const HELD_BYTES_MAX = 8_388_608;
const PULL_BYTES = HELD_BYTES_MAX / 4;
const WAIT_MS = 25_000;
/** Behind every end: the refusal says where the log begins and ends, and brings nothing. */
const BEHIND_ALL = Number.MAX_SAFE_INTEGER as Offset;

export class RemoteReplica implements Pick<Replica, "rows" | "read"> {
  readonly local = false;
  readonly #ports: RemoteReplicaPorts;
  readonly #intake: Intake;
  readonly #backoff: Backoff;
  readonly #hold: Hold;
  readonly #heldBack: HeldBack;
  readonly #nudge = new Nudge();
  readonly #closing = new AbortController();
  readonly #listeners = new Set<Listener>();
  /** Least recently read first. */
  readonly #windows = new Map<string, RemoteWindow>();
  #poll: AbortController | null = null;
  /** Partitions of the request under way. */
  #asked: ReadonlySet<RemoteWindow> = new Set();
  #turns = 0;
  readonly #unknown = new Set<string>();
  readonly #unknownHold: Hold;
  readonly #unknownBackoff: Backoff;

  constructor(ports: RemoteReplicaPorts) {
    const { clock, retry, random } = ports;
    this.#ports = ports;
    this.#hold = new Hold(clock, () => this.#nudge.notify());
    this.#backoff = new Backoff(retry, random);
    this.#heldBack = new HeldBack(ports, () => this.#wake());
    this.#unknownHold = new Hold(clock, () => this.#nudge.notify());
    this.#unknownBackoff = new Backoff(retry, random);
    this.#intake = new Intake({
      ...ports,
      failed: (one, error) => this.#partitionFailed(one, error),
      answered: (throttleTimeMs) => {
        ports.reached(null);
        if (throttleTimeMs > 0) this.#hold.keep(throttleTimeMs);
      },
    });
    void this.#run();
  }

  /** Of partitions that the edge has told of; the others are asked for, and told as news. */
  rows(refs: readonly PartitionRef[]): Promise<(PartitionRow | undefined)[]> {
    return Promise.resolve(
      refs.map((ref) => {
        const { bounds } = this.#window(ref);
        if (bounds === null && !this.#heldBack.has(ref)) this.#wake();
        return bounds === null ? undefined : { ...NEW_PARTITION, ...bounds, replicatedTo: bounds.highWatermark };
      }),
    );
  }

  /** What is here of it, at once; nothing, where it has to be fetched first. */
  read(ref: PartitionRef, offset: Offset, bytesMax: number): Promise<ReadResult> {
    const window = this.#window(ref);
    this.#windows.delete(nameOf(ref));
    this.#windows.set(nameOf(ref), window);
    const { end } = window;
    const { runs, nextOffset } = window.read(offset, bytesMax);
    // What is under way is for where it stood, or for others.
    const isDue = !this.#asked.has(window) && !this.#heldBack.has(ref) && this.#hasRoom(window);
    if (window.end !== end || isDue) this.#wake();
    const { logStartOffset, highWatermark } = window.bounds ?? NEW_PARTITION;
    const bounds = { logStartOffset, heldFrom: logStartOffset, highWatermark };
    return Promise.resolve({ runs, nextOffset, replicatedTo: window.end, ...bounds });
  }

  learn(topic: string): void {
    if (this.#unknown.has(topic)) return;
    this.#unknown.add(topic);
    this.#wake();
  }

  /** Kafka's offset for a time; null: no such record so far. Waits for the edge. */
  async offsetForTime(ref: PartitionRef, timestamp: number): Promise<Offset | null> {
    const topic = (await this.#topics()).get(ref.topicKey);
    if (topic === undefined) return null;
    const { signal } = this.#closing;
    const { edge, clock, retry, random } = this.#ports;
    const backoff = new Backoff(retry, random);
    for (;;) {
      try {
        return await edge.offsetForTime({ topic: topic.name, partition: ref.partition, timestamp }, signal);
      } catch (error) {
        if (signal.aborted || !(error instanceof StrandlineError) || !mayPass(error)) throw error;
        await clock.sleep(backoff.nextDelayMs(), signal);
      }
    }
  }

  /** Returns the way to stop listening. */
  onNews(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    this.#closing.abort();
    this.#listeners.clear();
    this.#windows.clear();
    this.#wake();
  }

  #window(ref: PartitionRef): RemoteWindow {
    const window = this.#windows.get(nameOf(ref)) ?? new RemoteWindow(ref);
    this.#windows.set(nameOf(ref), window);
    return window;
  }

  #wake(): void {
    this.#poll?.abort();
    this.#nudge.notify();
  }

  async #run(): Promise<void> {
    const { clock } = this.#ports;
    while (!this.#closing.signal.aborted) {
      if (!this.#hold.active && (await this.#turn())) continue;
      await this.#nudge.wait();
      // A consumer reads its partitions one after the other: one request for all of them.
      if (!this.#hold.active) await clock.sleep(0, this.#closing.signal);
    }
  }

  /** One request; false: there is nothing to ask for, or it failed. */
  async #turn(): Promise<boolean> {
    try {
      this.#heldBack.begin();
      await this.#askTopics();
      const topics = await this.#topics();
      const windows = [...this.#windows.values()];
      const known = windows.filter(({ ref }) => topics.has(ref.topicKey) && !this.#heldBack.has(ref));
      const unheard = known.filter(({ bounds }) => bounds === null);
      const asked = unheard.length > 0 ? unheard : known.filter((window) => window.wanted && this.#hasRoom(window));
      if (asked.length === 0) return false;
      const poll = new AbortController();
      this.#poll = poll;
      this.#asked = new Set(asked);
      if (unheard.length > 0) await this.#askBounds(unheard, topics, poll.signal);
      else await this.#pull(this.#inTurn(asked), topics, poll.signal);
      this.#heldBack.done(asked.map(({ ref }) => ref));
      this.#backoff.reset();
      return true;
    } catch (error) {
      if (error instanceof StrandlineError && error.code === "CLOSED") return !this.#closing.signal.aborted;
      this.#failed(error);
      return false;
    } finally {
      this.#asked = new Set();
      this.#poll = null;
    }
  }

  /** A consumer does not make topics: one that is not there yet is asked for again. */
  async #askTopics(): Promise<void> {
    if (this.#unknown.size === 0 || this.#unknownHold.active) return;
    for (const { name, error } of await this.#ports.askTopics([...this.#unknown]))
      if (error !== null) this.#heldBack.refused(name, StrandlineError.fromBody(error));
    for (const { name } of (await this.#topics()).values()) this.#unknown.delete(name);
    if (this.#unknown.size === 0) this.#unknownBackoff.reset();
    else this.#unknownHold.start(this.#unknownBackoff.nextDelayMs());
  }

  async #pull(
    asked: readonly RemoteWindow[],
    topics: ReadonlyMap<TopicKey, TopicRow>,
    signal: AbortSignal,
  ): Promise<void> {
    this.#makeRoom();
    const maxBytes = Math.min(PULL_BYTES, HELD_BYTES_MAX - this.#heldBytes());
    const followed = asked.flatMap((window) => followedBy(window, topics.get(window.ref.topicKey)) ?? []);
    const runs = await this.#intake.pull(followed, { maxWaitMs: WAIT_MS, maxBytes, signal });
    this.#tell(runs.filter((run) => this.#windows.get(nameOf(run.ref))?.take(run) === true));
  }

  async #askBounds(
    windows: readonly RemoteWindow[],
    topics: ReadonlyMap<TopicKey, TopicRow>,
    signal: AbortSignal,
  ): Promise<void> {
    const asked = windows.slice(0, LIMITS.fetchPartitionsMax);
    const followed = asked.flatMap((window) => followedBy(window, topics.get(window.ref.topicKey)) ?? []);
    const partitions = followed.map((one) => askFor({ ...one, from: BEHIND_ALL }, 0));
    const request = { sessionId: null, maxWaitMs: 0, minBytes: 0, maxBytes: 0, partitions };
    const { head } = await this.#ports.edge.fetch(request, signal);
    const told = asked.filter((window, index) => {
      const answer = head.partitions[index];
      if (answer?.error?.code === "OFFSET_OUT_OF_RANGE") return window.learn(answer as never);
      const one = followed[index];
      // An answer that tells nothing is none, and not asked for again at once.
      if (one !== undefined) this.#partitionFailed(one, StrandlineError.fromBody(answer?.error));
      return false;
    });
    this.#tell(told);
  }

  /** The one that comes first is given a batch however large it is. */
  #inTurn(windows: readonly RemoteWindow[]): RemoteWindow[] {
    this.#turns += 1;
    const first = windows.length === 0 ? 0 : this.#turns % windows.length;
    return [...windows.slice(first), ...windows.slice(0, first)].slice(0, LIMITS.fetchPartitionsMax);
  }

  #hasRoom({ bytes }: RemoteWindow): boolean {
    return bytes < HELD_BYTES_MAX / (2 * this.#windows.size);
  }

  /** Partitions that nobody has read for long are fetched again when somebody does. */
  #makeRoom(): void {
    for (const window of this.#windows.values()) {
      if (this.#heldBytes() <= HELD_BYTES_MAX / 2) return;
      if (!this.#asked.has(window)) window.evict();
    }
  }

  #heldBytes(): number {
    let held = 0;
    for (const { bytes } of this.#windows.values()) held += bytes;
    return held;
  }

  async #topics(): Promise<Map<TopicKey, TopicRow>> {
    const all = await this.#ports.catalog.all();
    return new Map(all.filter(isKnown).map((topic) => [topic.topicKey, topic]));
  }

  #tell(of: readonly { readonly ref: PartitionRef }[]): void {
    const refs = of.map(({ ref }) => ref);
    if (refs.length > 0) for (const listener of this.#listeners) listener(refs);
  }

  #partitionFailed(one: Followed, error: StrandlineError): void {
    if (this.#closing.signal.aborted) return;
    this.#heldBack.failed(one, error);
    this.#ports.reached(error);
  }

  #failed(error: unknown): void {
    if (this.#closing.signal.aborted) return;
    const known =
      error instanceof StrandlineError ? error : new StrandlineError("UNKNOWN_SERVER_ERROR", String(error), {}, error);
    this.#hold.after(known, this.#backoff.nextDelayMs());
    this.#ports.reached(known);
  }
}

/** Who is signed out, or whose `auth` is out of reach, may be signed in later. */
function mayPass({ retriable, code }: StrandlineError): boolean {
  return retriable || code === "SASL_AUTHENTICATION_FAILED";
}

function followedBy({ ref, end, bounds, lastCrc }: RemoteWindow, topic: TopicRow | undefined): Followed | null {
  if (topic?.topicId == null) return null;
  // Where nothing is held of what is before, nothing can have become another.
  const leaderEpoch = lastCrc === null ? null : (bounds?.leaderEpoch ?? null);
  return { ref, topic: topic.name, topicId: topic.topicId, from: end, leaderEpoch, previousCrc: lastCrc };
}
