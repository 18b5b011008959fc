/** What a consumer does over the device's own copy of the log: the same records, online or not. */
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { ConsumerOptions } from "../calls/consumer-calls.ts";
import { checkSubscription, type CheckedConsumer, type Subscription } from "./consumer-config.ts";
import type { ConsumerDeps } from "./consumer.ts";
import type { ConsumerPayloads, RunConfig } from "./consumer-events.ts";
import { ConsumerLoop } from "./consumer-loop.ts";
import type { LoopDeps } from "./loop-deps.ts";
import { GroupShare } from "./group-share.ts";
import type { LeavingMember } from "./farewell.ts";
import { iterate } from "./message-iterator.ts";
import { throwIfAborted } from "./abort.ts";
import { ChunkAssembler, type BrokenMessage } from "./chunks.ts";
import { Partitioning } from "../producer/partitioner.ts";
import { byTopic, checkOffsets, checkSeek, type OffsetsInput, type SeekInput } from "./offsets.ts";
import type { PausedPartitions } from "./paused-partitions.ts";
import { PositionBook } from "./position-book.ts";
import type { Topic } from "../typed/topic-types.ts";
import type { TypedSubscription } from "../typed/typed-consumer.ts";
import { TypedReader } from "../typed/typed-reader.ts";
import type { ReceivedMessage } from "./received-message.ts";
import { ShownRecords } from "./shown-records.ts";

/** A handler that never ends must not hold `stop` for ever. */
const STOP_MS_MAX = 30_000;

export interface WorkDeps extends ConsumerDeps, CheckedConsumer {
  readonly paused: PausedPartitions;
  readonly tell: <Name extends keyof ConsumerPayloads>(name: Name, payload: ConsumerPayloads[Name]) => void;
}

export class ConsumerWork {
  readonly #deps: WorkDeps;
  readonly #topics = new Map<string, ConsumerOptions["topics"][number]>();
  readonly #patterns = new Map<string, ConsumerOptions["patterns"][number]>();
  readonly #typed = new TypedReader((record) => this.#deps.tell("invalid", record));
  /** Of what handlers send in their `tx`. */
  readonly #partitioning: Partitioning;
  #book: PositionBook;
  #shown = new ShownRecords();
  #loop: ConsumerLoop | null = null;
  #starting = false;
  /** Runs for a loop over its messages. */
  #iterated: ConsumerLoop | null = null;
  /** How often it was asked to stop. */
  #stops = 0;

  constructor(deps: WorkDeps) {
    this.#deps = deps;
    this.#book = this.#newBook();
    this.#partitioning = new Partitioning({ create: null, random: deps.random });
  }

  subscribe(subscription: Subscription | TypedSubscription<string | Topic>): void {
    if (this.#loop?.running === true) throw new StrandlineError("INVALID_ARGUMENT", "subscribe comes before run");
    for (const choice of checkSubscription(this.#typed.subscribed(subscription))) {
      if (choice.storage === "none" && this.#deps.options.isolation === "local")
        throw new StrandlineError("INVALID_ARGUMENT", "isolation 'local' reads what is stored: storage 'none' is not");
      if ("name" in choice) this.#topics.set(choice.name, choice);
      else this.#patterns.set(String(choice.pattern), choice);
    }
  }

  async run(config: RunConfig): Promise<void> {
    await this.#begin(config);
  }

  /** Null: it was stopped before it began. Rejects where it cannot be opened for good. */
  async #begin(config: RunConfig): Promise<ConsumerLoop | null> {
    const loop = await this.#start(config);
    await loop?.opened;
    if (loop !== null && loop.failure !== null) throw loop.failure;
    return loop;
  }

  async #start(config: RunConfig): Promise<ConsumerLoop | null> {
    if (this.#loop?.running === true || this.#starting)
      throw new StrandlineError("INVALID_ARGUMENT", "this consumer runs already");
    if (this.#topics.size + this.#patterns.size === 0)
      throw new StrandlineError("INVALID_ARGUMENT", "subscribe comes before run");
    if ((config.eachMessage === undefined) === (config.eachBatch === undefined)) {
      throw new StrandlineError("INVALID_ARGUMENT", "run takes eachMessage or eachBatch");
    }
    throwIfAborted(config.signal, "the consumer was not started");
    const stops = this.#stops;
    this.#starting = true;
    try {
      // The one before may still be at its last record.
      if (this.#loop !== null) await this.#stopLoop();
      await this.#deps.connect();
      throwIfAborted(config.signal, "the consumer was not started");
      // Stopped while it began.
      if (this.#stops !== stops) return null;
      const loop = new ConsumerLoop(this.#loopDeps(config));
      this.#loop = loop;
      this.#stopWith(loop, config.signal);
      const gone = this.#deps.farewell?.of({ member: () => this.#leaving(), commit: () => loop.parting() });
      void loop.ended.then(() => {
        gone?.();
        this.#onEnded(loop);
      });
      return loop;
    } finally {
      this.#starting = false;
    }
  }

  /** A static member comes back; those of the device need no telling. */
  #leaving(): LeavingMember | null {
    const { groupId, group } = this.#deps.options;
    const memberId = this.#book.share.view?.memberId ?? null;
    const isOurs = group?.coordinator === "edge" && group.instanceId === null;
    return isOurs && groupId !== null && memberId !== null ? { groupId, memberId } : null;
  }

  #newBook(): PositionBook {
    const onBroken = (broken: BrokenMessage): void => this.#deps.tell("corrupt", broken);
    const { maxMessageBytes, paused } = this.#deps;
    const share = new GroupShare(this.#groupId !== null);
    return new PositionBook(new ChunkAssembler({ maxMessageBytes, onBroken }), paused, share);
  }

  /**
   * A handler that waits for this must not be waited for: what it calls before its first `await` is known to be its own, and
   * so is what is called while a loop has its message.
   */
  async stop(): Promise<void> {
    const within = this.#loop?.calling.now === true || (this.#loop !== null && this.#loop === this.#iterated);
    const stopping = this.#stopWholly();
    if (!within) return await stopping;
    stopping.catch((error: unknown) => this.#deps.logger.warn("stop: a handler does not end", { error }));
  }

  async #stopWholly(): Promise<void> {
    this.#stops += 1;
    await this.#stopLoop();
  }

  /** By itself: what was handled is committed all the same. */
  #onEnded(loop: ConsumerLoop): void {
    const { failure: error } = loop;
    if (error === null) return;
    const { topic } = error.details;
    const at = typeof topic === "string" ? { topic } : {};
    this.#deps.tell("crash", { error, groupId: this.#groupId, ...at, restart: false, retryInMs: null });
    if (this.#loop === loop) void this.#stopLoop().catch(() => {});
  }

  get #groupId(): string | null {
    return this.#deps.options.groupId;
  }

  async #stopLoop(): Promise<void> {
    const loop = this.#loop;
    if (loop === null) return;
    const late = new AbortController();
    const tooLate = this.#deps.clock.sleep(STOP_MS_MAX, late.signal).then(() => {
      if (!late.signal.aborted)
        throw new StrandlineError(
          "REQUEST_TIMED_OUT",
          `a handler still runs after ${STOP_MS_MAX} ms; one that stops its own consumer does not await that`,
          {
            timeoutMs: STOP_MS_MAX,
          },
        );
    });
    try {
      await Promise.race([loop.stop(), tooLate]);
    } finally {
      late.abort();
    }
    if (this.#loop !== loop) return;
    this.#loop = null;
    this.#deps.paused.clear();
    this.#book = this.#newBook();
    this.#shown = new ShownRecords();
    this.#deps.tell("stop", {});
  }

  async commitOffsets(offsets: OffsetsInput): Promise<void> {
    if (this.#deps.options.groupId === null)
      throw new StrandlineError("INVALID_ARGUMENT", "a consumer without groupId commits nothing");
    await this.#running("commitOffsets").commit(checkOffsets(offsets));
  }

  seek(position: SeekInput): void {
    const loop = this.#running("seek");
    const checked = checkSeek(position);
    const { topic, partition } = checked;
    const subscribed =
      this.#topics.has(topic) || [...this.#patterns.values()].some(({ pattern }) => topic.search(pattern) >= 0);
    if (!subscribed)
      throw new StrandlineError("UNKNOWN_TOPIC_OR_PARTITION", `${topic} is not subscribed to`, { topic, partition });
    this.#book.seek(checked);
    this.#shown.sought(checked);
    loop.nudge();
  }

  /** What it may be asked for has changed. */
  nudge(): void {
    this.#loop?.nudge();
  }

  messages(signal: AbortSignal | undefined): AsyncGenerator<ReceivedMessage, void, undefined> {
    return iterate({
      signal,
      run: async (config) => {
        const loop = await this.#begin(config);
        this.#iterated = loop;
        return { ended: endOf(loop) };
      },
      stop: async () => await this.#stopWholly(),
    });
  }

  #loopDeps(config: RunConfig): LoopDeps {
    const { clock, tell, options } = this.#deps;
    const { groupId } = options;
    return {
      ...this.#deps,
      options: { ...options, topics: [...this.#topics.values()], patterns: [...this.#patterns.values()] },
      config,
      book: this.#book,
      shown: this.#shown,
      packing: { counts: this.#deps.counts, partitioning: this.#partitioning },
      onFetch: () => {
        const began = clock.now();
        tell("fetch_start", {});
        return ({ runs }) => {
          const bytes = runs.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
          const partitions = new Set(runs.map(({ topic, partition }) => `${topic}/${partition}`)).size;
          tell("fetch", { numberOfBatches: runs.length, partitions, bytes, duration: clock.now() - began });
        };
      },
      onBatch: (facts) => {
        const began = clock.now();
        tell("start_batch_process", facts);
        return () => tell("end_batch_process", { ...facts, duration: clock.now() - began });
      },
      onNews: (news) => this.#onNews(news),
      onCommitted: (offsets) => tell("commit_offsets", { groupId, offsets, ...byTopic(offsets) }),
      read: (topic, messages) => this.#typed.read(topic, messages),
      onDamage: ({ topic, partition, from, to }, { error }) => tell("corrupt", { error, topic, partition, from, to }),
      onFenced: ({ topic, partition }) => tell("fenced", { topic, partition }),
      onCrash: (error, at, retryInMs) => tell("crash", { error, groupId, ...at, restart: true, retryInMs }),
    };
  }

  #onNews(news: Parameters<LoopDeps["onNews"]>[0]): void {
    const { groupId } = this.#deps.options;
    if (news.type === "refused") {
      const error = StrandlineError.fromBody(news.error);
      return this.#deps.tell("crash", { error, groupId, topic: news.topic, restart: true, retryInMs: null });
    }
    const { topic, partition, from, to, reason } = news;
    this.#deps.tell("offset_reset", { topic, partition, from, to, reason });
  }

  #stopWith(loop: ConsumerLoop, signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    // Who wants to know how it ended calls `stop` as well.
    const stop = (): void => void this.stop().catch(() => {});
    signal.addEventListener("abort", stop, { once: true });
    void loop.ended.then(() => signal.removeEventListener("abort", stop));
  }

  #running(what: string): ConsumerLoop {
    if (this.#loop?.running !== true) throw new StrandlineError("INVALID_ARGUMENT", `${what} comes after run`);
    return this.#loop;
  }
}

/** Rejects where it has failed for good. */
async function endOf(loop: ConsumerLoop | null): Promise<void> {
  await loop?.ended;
  if (loop !== null && loop.failure !== null) throw loop.failure;
}
