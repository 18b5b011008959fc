/**
 * Pulls followed topics into the device's replica: one `POST /v1/fetch` for all partitions, which waits as one. It
 * holds no truth either: where to go on stands in the store, and what comes twice is put twice.
 */
import type { FetchPartition, FetchPartitionAnswer } from "../../shared/api/fetch.ts";
import type { Offset, Partition } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { Random } from "../../shared/random.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { FetchedRun, PartitionRef, Replica, TopicCatalog } from "../log/device-log.ts";
import type { PartitionRow, TopicRow } from "../log/rows.ts";
import { Backoff, type RetryPolicy } from "./backoff.ts";
import type { EdgeClient } from "./edge-client.ts";
import { checkFetched, type CheckedRun } from "./fetched-run.ts";
import { Hold } from "./hold.ts";
import { Nudge } from "./nudge.ts";
import type { TopicDirectory } from "./topic-directory.ts";

export interface ReplicatorPorts {
  readonly replica: Replica;
  readonly catalog: TopicCatalog;
  readonly directory: TopicDirectory;
  readonly edge: EdgeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly retry: RetryPolicy;
  readonly sessionId: string;
  readonly replicated: (refs: readonly PartitionRef[]) => void;
  /** The log no longer holds what was read before `offset`. */
  readonly truncated: (ref: PartitionRef, topic: string, offset: Offset) => void;
  /** Of the log `[offset, nextOffset)` is damaged at the edge, and was left out. */
  readonly damaged: (
    ref: PartitionRef,
    topic: string,
    range: { readonly offset: Offset; readonly nextOffset: Offset },
  ) => void;
  readonly reached: (error: StrandlineError | null) => void;
}

const NOTHING = new Uint8Array();
const WAIT_MS = 25_000;
/** Small answers come sooner, and a row of the edge is at most one of them. */
const FETCH_BYTES = LIMITS.fetchBytesMax / 2;

interface Followed {
  readonly ref: PartitionRef;
  readonly topic: TopicRow;
  readonly row: PartitionRow | undefined;
}

export class Replicator {
  readonly #ports: ReplicatorPorts;
  readonly #signal: AbortSignal;
  readonly #nudge = new Nudge();
  readonly #hold: Hold;
  readonly #backoff: Backoff;
  #paused: boolean;
  /** Of the request under way. */
  #poll: AbortController | null = null;
  /** What that request asks for: a wake that adds nothing to it does not break it off. */
  #following = "";

  constructor(ports: ReplicatorPorts, options: { readonly paused: boolean; readonly signal: AbortSignal }) {
    this.#ports = ports;
    this.#signal = options.signal;
    this.#paused = options.paused;
    this.#hold = new Hold(ports.clock, () => this.#nudge.notify());
    this.#backoff = new Backoff(ports.retry, ports.random);
  }

  /** Topics may have been added to those that are followed. */
  wake(): void {
    this.#nudge.notify();
    void this.#breakOffIfChanged();
  }

  hint(): void {
    this.#hold.end();
    this.#nudge.notify();
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    if (paused) this.#poll?.abort();
    this.hint();
  }

  /** Until the signal fires. */
  async run(): Promise<void> {
    const stop = (): void => {
      this.#poll?.abort();
      this.hint();
    };
    this.#signal.addEventListener("abort", stop, { once: true });
    while (!this.#signal.aborted) {
      if (this.#paused || this.#hold.active || !(await this.#turn())) await this.#nudge.wait();
    }
  }

  /** One request; false: nothing is followed, or the request failed. */
  async #turn(): Promise<boolean> {
    try {
      const followed = await this.#followed();
      // It may have been paused or closed since the turn began, when there was no poll yet to be broken off.
      if (followed.length === 0 || this.#paused || this.#signal.aborted) return false;
      await this.#pull(followed);
      this.#backoff.reset();
      return true;
    } catch (error) {
      const brokenOff = error instanceof StrandlineError && error.code === "CLOSED";
      if (brokenOff) return !this.#signal.aborted && !this.#paused;
      this.#failed(error);
      return false;
    }
  }

  async #followed(): Promise<Followed[]> {
    let topics = await this.#topics();
    const unknown = topics.filter((topic) => !isKnown(topic)).map((topic) => topic.name);
    if (unknown.length > 0) {
      // A consumer does not make topics: one that is not there yet is asked for again.
      await this.#ports.directory.refresh(unknown, false, this.#signal).catch((error: unknown) => {
        if (unknown.length === topics.length) throw error;
      });
      topics = await this.#topics();
      if (!topics.some(isKnown)) this.#hold.start(this.#backoff.nextDelayMs());
    }
    this.#following = inOneLine(topics);
    const pairs = topics.filter(isKnown).flatMap((topic) => refsOf(topic).map((ref) => ({ ref, topic })));
    const rows = await this.#ports.replica.rows(pairs.map((one) => one.ref));
    return pairs.map((pair, index) => ({ ...pair, row: rows[index] })).slice(0, LIMITS.fetchPartitionsMax);
  }

  async #topics(): Promise<TopicRow[]> {
    return (await this.#ports.catalog.all()).filter((topic) => topic.followed && !topic.local && !topic.retired);
  }

  async #pull(followed: readonly Followed[]): Promise<void> {
    const poll = new AbortController();
    this.#poll = poll;
    try {
      const request = {
        sessionId: this.#ports.sessionId,
        maxWaitMs: WAIT_MS,
        minBytes: 1,
        maxBytes: FETCH_BYTES,
        partitions: followed.map(askFor),
      };
      const { head, payloads } = await this.#ports.edge.fetch(request, poll.signal);
      this.#ports.reached(null);
      if (head.throttleTimeMs > 0) this.#hold.keep(head.throttleTimeMs);
      const runs: FetchedRun[] = [];
      for (const [index, one] of followed.entries()) {
        const answer = head.partitions[index];
        const bytes = payloads[index];
        if (answer !== undefined && bytes !== undefined) runs.push(...this.#take(one, answer, bytes));
      }
      const news = await this.#ports.replica.store(runs);
      if (news.length > 0) this.#ports.replicated(news);
    } finally {
      this.#poll = null;
    }
  }

  #take(one: Followed, answer: FetchPartitionAnswer, bytes: Uint8Array): FetchedRun[] {
    if (answer.error !== null) return this.#misfit(one, answer);
    const from = one.row?.replicatedTo ?? (0 as Offset);
    const checked = checkFetched(bytes, from);
    if (checked.damage !== null) {
      this.#failed(
        new StrandlineError("CORRUPT_MESSAGE", `${one.topic.name}-${one.ref.partition}: ${checked.damage.reason}`, {
          position: checked.damage.position,
        }),
      );
    }
    const run = checked.damage === null ? wholeRun(checked.run, answer.nextOffset) : checked.run;
    return [{ ref: one.ref, from, restart: false, ...run, ...boundsOf(answer) }];
  }

  /** The log and the replica do not fit: told, never silent, and the replica goes on where the log does. */
  #misfit(one: Followed, answer: FetchPartitionAnswer): FetchedRun[] {
    const { error } = answer;
    if (error === null) return [];
    const at =
      error.code === "TRUNCATED" && typeof error["divergence"] === "number"
        ? error["divergence"]
        : answer.logStartOffset;
    if (error.code === "TRUNCATED" || error.code === "OFFSET_OUT_OF_RANGE") {
      const firstOffset = at as Offset;
      this.#ports.truncated(one.ref, one.topic.name, firstOffset);
      const empty = { from: firstOffset, bytes: NOTHING, firstOffset, nextOffset: firstOffset, lastCrc: null };
      return [{ ref: one.ref, restart: true, ...empty, ...boundsOf(answer) }];
    }
    const damaged = this.#damagedAtRest(one, answer);
    if (damaged !== null) return [damaged];
    this.#failed(StrandlineError.fromBody(error));
    if (error.code === "UNKNOWN_TOPIC_ID")
      void this.#ports.directory.refresh([one.topic.name], false, this.#signal).catch(() => undefined);
    return [];
  }

  /** The edge has found its own copy damaged. That is told, and what stands behind it is read on. */
  #damagedAtRest({ ref, topic, row }: Followed, answer: FetchPartitionAnswer): FetchedRun | null {
    const from = row?.replicatedTo ?? (0 as Offset);
    if (answer.error?.code !== "CORRUPT_MESSAGE" || answer.nextOffset <= from) return null;
    const nextOffset = answer.nextOffset as Offset;
    this.#ports.damaged(ref, topic.name, { offset: from, nextOffset });
    const empty = { from, bytes: NOTHING, firstOffset: from, nextOffset, lastCrc: null };
    return { ref, restart: false, ...empty, ...boundsOf(answer) };
  }

  async #breakOffIfChanged(): Promise<void> {
    const before = this.#following;
    const now = inOneLine(await this.#topics());
    if (now !== before && this.#following === before) this.#poll?.abort();
  }

  #failed(error: unknown): void {
    if (this.#signal.aborted) return;
    const known =
      error instanceof StrandlineError ? error : new StrandlineError("UNKNOWN_SERVER_ERROR", String(error), {}, error);
    this.#hold.after(known, this.#backoff.nextDelayMs());
    this.#ports.reached(known);
  }
}

/** Behind the batches the log may go on where compaction has left nothing. */
function wholeRun(run: CheckedRun["run"], told: number): CheckedRun["run"] {
  if (told <= run.nextOffset) return run;
  return { ...run, nextOffset: told as Offset, lastCrc: null };
}

function isKnown(topic: TopicRow): boolean {
  return topic.topicId !== null && topic.partitionCount !== null;
}

/** Topics that are not known yet are part of it: a new one has to be asked for, the others are not asked for more often. */
function inOneLine(topics: readonly TopicRow[]): string {
  return topics.map((topic) => `${topic.topicKey}:${topic.partitionCount}`).join(" ");
}

function refsOf(topic: TopicRow): PartitionRef[] {
  const count = topic.partitionCount ?? 0;
  return Array.from({ length: count }, (_, partition) => ({
    topicKey: topic.topicKey,
    partition: partition as Partition,
  }));
}

function askFor({ ref, topic, row }: Followed): FetchPartition {
  if (topic.topicId === null) throw new TypeError("a topic is followed once its id is known");
  return {
    topicId: topic.topicId,
    partition: ref.partition,
    offset: row?.replicatedTo ?? 0,
    leaderEpoch: row?.leaderEpoch ?? null,
    previousCrc: row?.replicatedCrc ?? null,
    maxBytes: FETCH_BYTES,
  };
}

function boundsOf(answer: FetchPartitionAnswer): Pick<FetchedRun, "highWatermark" | "logStartOffset" | "leaderEpoch"> {
  return {
    highWatermark: answer.highWatermark as Offset,
    logStartOffset: answer.logStartOffset as Offset,
    leaderEpoch: answer.leaderEpoch,
  };
}
