/**
 * Pulls followed topics into the device's replica: over one socket (`tail.ts`) where there is one, and what that does not
 * bring with one `POST /v1/fetch` for all partitions, which waits as one. It holds no truth: where to go on stands in the
 * store, and what comes twice is put twice.
 */
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { PartitionRef, Replica, TopicCatalog } from "../log/device-log.ts";
import type { TopicRow } from "../log/rows.ts";
import { Backoff } from "./backoff.ts";
import type { EdgeClient } from "./edge-client.ts";
import { followedBy, isKnown, refsOf, type Followed } from "./followed.ts";
import { HeldBack, type HeldBackPorts } from "./held-back.ts";
import { Hold } from "./hold.ts";
import { Intake, type IntakePorts } from "./intake.ts";
import { Nudge } from "./nudge.ts";
import type { Rest } from "./tail-stream.ts";
import { Tail } from "./tail.ts";
import type { TailTransport } from "./tail-transport.ts";
import type { TopicDirectory } from "./topic-directory.ts";

export interface ReplicatorPorts
  extends Pick<IntakePorts, "sessionId" | "truncated" | "damaged" | "unknown">, HeldBackPorts {
  readonly replica: Replica;
  readonly catalog: TopicCatalog;
  readonly directory: TopicDirectory;
  readonly edge: EdgeClient;
  /** Null: there are no sockets here. */
  readonly tail: TailTransport | null;
  readonly replicated: (refs: readonly PartitionRef[]) => void;
  readonly reached: (error: StrandlineError | null) => void;
}

const WAIT_MS = 25_000;

export class Replicator {
  readonly #ports: ReplicatorPorts;
  readonly #signal: AbortSignal;
  readonly #nudge = new Nudge();
  readonly #hold: Hold;
  readonly #backoff: Backoff;
  readonly #intake: Intake;
  readonly #tail: Tail | null;
  readonly #heldBack: HeldBack;
  /** Topics that the edge does not know are not asked for again before. */
  readonly #unknown: Hold;
  #paused: boolean;
  /** Of the request under way. */
  #poll: AbortController | null = null;
  /** The topics of this turn: a wake that adds nothing to them does not break it off. */
  #following = "";
  /** Something is to be had over the socket or by a fetch that this turn may not know of. */
  #changed = false;

  constructor(ports: ReplicatorPorts, options: { readonly paused: boolean; readonly signal: AbortSignal }) {
    const { clock, retry, random } = ports;
    this.#ports = ports;
    this.#signal = options.signal;
    this.#paused = options.paused;
    this.#hold = new Hold(clock, () => this.#nudge.notify());
    this.#unknown = new Hold(clock, () => this.#nudge.notify());
    this.#backoff = new Backoff(retry, random);
    this.#heldBack = new HeldBack(ports, () => this.#interrupt());
    this.#intake = new Intake({
      ...ports,
      failed: (one, error) => {
        this.#heldBack.failed(one, error);
        ports.reached(error);
      },
      answered: (throttleTimeMs) => {
        ports.reached(null);
        if (throttleTimeMs > 0) this.#hold.keep(throttleTimeMs);
      },
    });
    this.#tail = ports.tail === null ? null : this.#newTail(ports.tail);
  }

  /** Topics may have been added to those that are followed. */
  wake(): void {
    void this.#lookAgain();
  }

  hint(): void {
    this.#hold.end();
    this.#heldBack.hint();
    this.#tail?.hint();
    this.#nudge.notify();
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    if (paused) this.#breakOff();
    this.hint();
  }

  /** Until the signal fires. */
  async run(): Promise<void> {
    const stop = (): void => {
      this.#breakOff();
      this.hint();
    };
    this.#signal.addEventListener("abort", stop, { once: true });
    while (!this.#signal.aborted) {
      if (!this.#goesOn() || this.#hold.active || !(await this.#turn())) await this.#nudge.wait();
    }
  }

  #newTail(transport: TailTransport): Tail {
    const { retry, random } = this.#ports;
    return new Tail({
      ...this.#ports,
      transport,
      intake: this.#intake,
      backoff: new Backoff(retry, random),
      failed: (error) => this.#failed(error),
      changed: () => this.#interrupt(),
      replicated: (refs) => {
        this.#heldBack.done(refs);
        this.#ports.replicated(refs);
      },
      opened: () => {
        this.#backoff.reset();
        this.#ports.reached(null);
      },
    });
  }

  /** One request, or none where the socket brings all; false: there is nothing more to do, or the request failed. */
  async #turn(): Promise<boolean> {
    try {
      this.#changed = false;
      this.#heldBack.begin();
      const followed = await this.#followed();
      // It may have been paused or closed since the turn began, when there was no poll yet to be broken off.
      if (followed.length === 0 || !this.#goesOn()) return false;
      const rest = (await this.#tail?.follow(followed)) ?? { followed, brief: false };
      if (rest.followed.length === 0 || !this.#goesOn()) return false;
      await this.#pull(rest);
      this.#backoff.reset();
      return true;
    } catch (error) {
      const brokenOff = error instanceof StrandlineError && error.code === "CLOSED";
      if (brokenOff) return this.#goesOn();
      this.#tail?.forgive();
      this.#failed(error);
      return false;
    }
  }

  #goesOn(): boolean {
    return !this.#paused && !this.#signal.aborted;
  }

  /** There is something else to ask for. */
  #interrupt(): void {
    this.#changed = true;
    this.#poll?.abort();
    this.#nudge.notify();
  }

  #breakOff(): void {
    this.#poll?.abort();
    this.#tail?.close();
  }

  async #followed(): Promise<Followed[]> {
    let topics = await this.#topics();
    const unknown = topics.filter((topic) => !isKnown(topic)).map((topic) => topic.name);
    if (unknown.length > 0 && !(this.#unknown.active && this.#following === inOneLine(topics))) {
      // A consumer does not make topics: one that is not there yet is asked for again.
      await this.#refresh(unknown).catch((error: unknown) => {
        if (unknown.length === topics.length) throw error;
      });
      topics = await this.#topics();
      if (!topics.some(isKnown)) this.#hold.start(this.#backoff.nextDelayMs());
      else if (!topics.every(isKnown)) this.#unknown.start(WAIT_MS);
    }
    this.#following = inOneLine(topics);
    const asked = topics.filter(isKnown).flatMap((topic) => refsOf(topic).map((ref) => ({ ref, topic })));
    const pairs = asked.filter(({ ref }) => !this.#heldBack.has(ref));
    const rows = await this.#ports.replica.rows(pairs.map((one) => one.ref));
    return pairs.flatMap(({ topic, ref }, index) => followedBy(topic, ref, rows[index]) ?? []);
  }

  async #topics(): Promise<TopicRow[]> {
    return (await this.#ports.catalog.all()).filter((topic) => topic.followed && !topic.local && !topic.retired);
  }

  async #refresh(names: readonly string[]): Promise<void> {
    for (const { name, error } of await this.#ports.directory.refresh(names, false, this.#signal))
      if (error !== null) this.#heldBack.refused(name, StrandlineError.fromBody(error));
  }

  async #pull({ followed, brief }: Rest): Promise<void> {
    const poll = new AbortController();
    this.#poll = poll;
    try {
      const maxWaitMs = brief || this.#changed ? 0 : WAIT_MS;
      const asked = followed.slice(0, LIMITS.fetchPartitionsMax);
      const runs = await this.#intake.pull(asked, { maxWaitMs, signal: poll.signal });
      this.#heldBack.done(asked.map(({ ref }) => ref));
      const news = await this.#ports.replica.store(runs);
      if (news.length > 0) this.#ports.replicated(news);
    } finally {
      this.#poll = null;
    }
  }

  async #lookAgain(): Promise<void> {
    const now = await this.#topics().then(inOneLine, () => null);
    if (now === this.#following) return;
    this.#poll?.abort();
    this.#nudge.notify();
  }

  #failed(error: unknown): void {
    if (this.#signal.aborted) return;
    const known =
      error instanceof StrandlineError ? error : new StrandlineError("UNKNOWN_SERVER_ERROR", String(error), {}, error);
    this.#hold.after(known, this.#backoff.nextDelayMs());
    this.#ports.reached(known);
  }
}

/** Topics that are not known yet are part of it: a new one has to be asked for, the others are not asked for more often. */
function inOneLine(topics: readonly TopicRow[]): string {
  return topics.map((topic) => `${topic.topicKey}:${topic.partitionCount}`).join(" ");
}
