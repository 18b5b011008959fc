/**
 * The loop that empties the outbox: one or two produce requests under way, each with a run for every partition that
 * has something to send. It holds no truth: it may be stopped and started anywhere, in any tab.
 */
import type { ProduceHead, ProducePartitionAnswer } from "../../shared/api/produce.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { PartitionRef, TopicCatalog } from "../log/device-log.ts";
import type { ProducerIdentity, TopicRow } from "../log/rows.ts";
import { Backoff, type RetryPolicy } from "./backoff.ts";
import type { EdgeClient } from "./edge-client.ts";
import { Hold } from "./hold.ts";
import { Nudge } from "./nudge.ts";
import { PartitionSender, type PartitionSenderPorts } from "./partition-sender.ts";
import type { PreparedRun } from "./prepared-run.ts";
import type { TopicDirectory } from "./topic-directory.ts";

export interface SenderPorts extends Omit<PartitionSenderPorts, "signal" | "ready"> {
  readonly catalog: TopicCatalog;
  readonly directory: TopicDirectory;
  readonly edge: EdgeClient;
  readonly rootIdentity: ProducerIdentity;
  readonly clock: Clock;
  readonly random: Random;
  readonly retry: RetryPolicy;
  /** Null: the edge answered. */
  readonly reached: (error: StrandlineError | null) => void;
}

const REQUESTS_MAX = 2;
/** Runs of many partitions share a request up to this: Kafka's default for `max.request.size`. */
const REQUEST_BYTES_MAX = 1024 * 1024;
/**
 * Until the edge has answered, and again after it did not, requests are small: reading and sealing what may not get
 * through costs the first append of the page its turn, and a device offline would do it over and over.
 */
const PROBE_BYTES_MAX = 64 * 1024;

export class Sender {
  readonly #ports: SenderPorts;
  readonly #signal: AbortSignal;
  readonly #senders = new Map<string, PartitionSender>();
  readonly #nudge = new Nudge();
  readonly #hold: Hold;
  readonly #backoff: Backoff;
  /** Of topics that the edge will not tell of: they keep no others waiting. */
  readonly #refusal: Hold;
  readonly #refusalBackoff: Backoff;
  readonly #refused = new Set<string>();
  #scanWanted = true;
  #requests = 0;
  #requestBytesMax = PROBE_BYTES_MAX;
  #paused: boolean;
  /** Where the next request begins to look, so that no partition starves the others. */
  #turn = 0;

  constructor(ports: SenderPorts, options: { readonly paused: boolean; readonly signal: AbortSignal }) {
    this.#ports = ports;
    this.#signal = options.signal;
    this.#paused = options.paused;
    this.#hold = new Hold(ports.clock, () => this.#nudge.notify());
    this.#backoff = new Backoff(ports.retry, ports.random);
    this.#refusal = new Hold(ports.clock, () => {
      this.#refused.clear();
      this.wake();
    });
    this.#refusalBackoff = new Backoff(ports.retry, ports.random);
  }

  get inflightRecords(): number {
    return [...this.#senders.values()].reduce((sum, sender) => sum + sender.inflightRecords, 0);
  }

  /** There may be something new to send. */
  wake(): void {
    this.#scanWanted = true;
    this.#nudge.notify();
  }

  /** The network may be back. */
  hint(): void {
    this.#hold.end();
    this.#refusal.end();
    for (const sender of this.#senders.values()) sender.hint();
    this.wake();
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.hint();
  }

  /** Until the signal fires. */
  async run(): Promise<void> {
    this.#signal.addEventListener("abort", () => this.hint(), { once: true });
    while (!this.#signal.aborted) {
      try {
        if (await this.#sendOne()) continue;
      } catch (error) {
        this.#failed(error);
      }
      if (!this.#signal.aborted) await this.#nudge.wait();
    }
  }

  /** Puts one request on its way; false: nothing to send, or nothing may be sent now. */
  async #sendOne(): Promise<boolean> {
    if (this.#paused || this.#hold.active || this.#requests >= REQUESTS_MAX) return false;
    if (this.#scanWanted) {
      this.#scanWanted = false;
      await this.#scan();
    }
    const runs = await this.#collect();
    if (runs.length === 0) return false;
    if (this.#paused) {
      await Promise.all(runs.map((run) => run.sender.unanswered()));
      return false;
    }
    this.#requests += 1;
    void this.#produce(runs).finally(() => {
      this.#requests -= 1;
      this.#nudge.notify();
    });
    return true;
  }

  async #scan(): Promise<void> {
    const waiting = await this.#ports.outbox.waiting();
    const topics = new Map((await this.#ports.catalog.all()).map((topic) => [topic.topicKey, topic]));
    const unknown = new Set<string>();
    for (const ref of waiting) {
      const topic = topics.get(ref.topicKey);
      if (topic === undefined) continue;
      if (topic.topicId === null || ref.partition < 0) unknown.add(topic.name);
      else await this.#open(ref, topic);
    }
    const asked = [...unknown].filter((name) => !this.#refused.has(name));
    if (asked.length > 0) await this.#learn(asked);
  }

  async #open(ref: PartitionRef, topic: TopicRow): Promise<void> {
    const name = `${ref.topicKey}-${ref.partition}`;
    if (this.#senders.has(name)) return;
    const row = await this.#ports.outbox.open(ref, this.#ports.rootIdentity);
    this.#senders.set(
      name,
      new PartitionSender(ref, topic, row, { ...this.#ports, signal: this.#signal, ready: () => this.#nudge.notify() }),
    );
  }

  /** Topics that records wait for: once they are known, the records move to their partitions and the scan finds them. */
  async #learn(names: readonly string[]): Promise<void> {
    const topics = await this.#ports.directory.refresh(names, true, this.#signal);
    this.#ports.reached(null);
    for (const { name, error } of topics) {
      if (error === null) continue;
      this.#refused.add(name);
      this.#ports.reached(StrandlineError.fromBody(error));
    }
    if (this.#refused.size === 0) this.#refusalBackoff.reset();
    else if (!this.#refusal.active) this.#refusal.start(this.#refusalBackoff.nextDelayMs());
    if (topics.some((topic) => topic.error === null)) this.#scanWanted = true;
    if (this.#scanWanted) this.#nudge.notify();
  }

  async #collect(): Promise<PreparedRun[]> {
    const senders = [...this.#senders.values()];
    const runs: PreparedRun[] = [];
    let bytes = 0;
    for (let index = 0; index < senders.length && bytes < this.#requestBytesMax; index += 1) {
      const sender = senders[(this.#turn + index) % senders.length];
      const run = await sender?.nextRun(this.#requestBytesMax - bytes).catch((error: unknown) => {
        const known = asKnown(error);
        sender.holdOff(known);
        this.#ports.reached(known);
      });
      // One that has failed takes nothing from the others, whose runs count as under way by now.
      if (run == null) continue;
      runs.push(run);
      bytes += run.bytes.byteLength;
    }
    this.#turn += 1;
    return runs;
  }

  async #produce(runs: readonly PreparedRun[]): Promise<void> {
    try {
      const answer = await this.#ports.edge.produce(
        headOf(runs),
        runs.map((run) => run.bytes),
        this.#signal,
      );
      this.#requestBytesMax = REQUEST_BYTES_MAX;
      this.#ports.reached(null);
      if (answer.throttleTimeMs > 0) this.#hold.keep(answer.throttleTimeMs);
      await this.#answered(runs, answer.partitions);
    } catch (error) {
      await Promise.all(runs.map((run) => run.sender.unanswered()));
      this.#failed(error);
    }
  }

  async #answered(runs: readonly PreparedRun[], answers: readonly ProducePartitionAnswer[]): Promise<void> {
    const lost = new Set<string>();
    for (const [index, run] of runs.entries()) {
      const failure = await this.#answeredOne(run, answers[index]);
      if (failure === null) continue;
      run.sender.holdOff(failure === "no progress" ? null : failure);
      if (failure === "no progress") continue;
      this.#ports.reached(failure);
      if (isOfTopic(failure)) lost.add(run.sender.topic.name);
    }
    this.#backoff.reset();
    if (lost.size === 0) return;
    // The topic may be another one by now; its records then move to the new one's rows, which the scan finds.
    this.#scanWanted = true;
    await this.#ports.directory.refresh([...lost], true, this.#signal).catch(() => undefined);
  }

  /** Null: the partition got further. */
  async #answeredOne(
    run: PreparedRun,
    answer: ProducePartitionAnswer | undefined,
  ): Promise<StrandlineError | "no progress" | null> {
    const { sender } = run;
    try {
      if (answer === undefined || !isAnswerTo(run, answer)) {
        await sender.unanswered();
        return "no progress";
      }
      if ((await sender.answered(run, answer)) === "none") {
        return answer.error === null ? "no progress" : StrandlineError.fromBody(answer.error);
      }
      sender.gotFurther();
      return null;
    } catch (error) {
      return asKnown(error);
    }
  }

  #failed(error: unknown): void {
    if (this.#signal.aborted) return;
    this.#scanWanted = true;
    this.#requestBytesMax = PROBE_BYTES_MAX;
    const known = asKnown(error);
    this.#hold.after(known, this.#backoff.nextDelayMs());
    this.#ports.reached(known);
  }
}

function asKnown(error: unknown): StrandlineError {
  return error instanceof StrandlineError
    ? error
    : new StrandlineError("UNKNOWN_SERVER_ERROR", String(error), {}, error);
}

function isOfTopic({ code }: StrandlineError): boolean {
  return code === "UNKNOWN_TOPIC_ID" || code === "INCONSISTENT_TOPIC_ID" || code === "UNKNOWN_TOPIC_OR_PARTITION";
}

function headOf(runs: readonly PreparedRun[]): ProduceHead {
  return {
    partitions: runs.map((run) => ({
      topicId: run.topicId,
      partition: run.sender.ref.partition,
      leaderEpoch: run.leaderEpoch,
      producerKey: run.producerKey,
      chain: run.chainBefore,
      bytes: run.bytes.byteLength,
    })),
  };
}

function isAnswerTo(run: PreparedRun, answer: ProducePartitionAnswer): boolean {
  return answer.topicId === run.topicId && answer.partition === run.sender.ref.partition;
}
