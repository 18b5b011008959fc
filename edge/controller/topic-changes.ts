/**
 * What has yet to be told to which partition: that its topic changed, or that it is gone. Written down before it is
 * told and until it was heard, so that it is done after any crash. Telling twice is harmless: a partition knows its
 * revision, and what is freed is empty.
 */
import { LIMITS } from "../../shared/limits.ts";
import type { Outcome } from "../outcome.ts";
import type { PartitionAddress } from "../partition/partition-port.ts";
import type { TopicState } from "../topic-state.ts";
import type { PartitionLedger } from "./partition-ledger.ts";
import type { TopicRegistry } from "./topic-registry.ts";

/** The objects of partitions; a call that rejects may or may not have happened. */
export interface PartitionObjects {
  adopt(address: PartitionAddress, topic: TopicState): Promise<Outcome<unknown>>;
  destroy(address: PartitionAddress): Promise<void>;
}

export interface TopicChangesParts {
  readonly registry: TopicRegistry;
  readonly ledger: PartitionLedger;
  readonly objects: PartitionObjects;
  readonly failed: (error: unknown) => void;
}

/** Cloudflare allows 1,000 calls of one invocation; what is above is told by the alarm. */
const CALLS_PER_ROUND_MAX = 900;
/** Of either kind where all topics are told: neither waits for the other to succeed. */
const CALLS_PER_KIND_MAX = CALLS_PER_ROUND_MAX / 2;
const CALLS_AT_ONCE_MAX = 32;

type Call = () => Promise<void>;

export class TopicChanges {
  readonly #parts: TopicChangesParts;

  constructor(parts: TopicChangesParts) {
    this.#parts = parts;
  }

  isPending(): boolean {
    const { registry, ledger } = this.#parts;
    return ledger.freeing(null, 1).length > 0 || registry.unsettled().length > 0;
  }

  /** Partitions that have not heard of the topic's latest revision. */
  waitingFor(topicId: string): number[] {
    const revision = this.#parts.registry.byId(topicId)?.state.revision ?? 0;
    return this.#parts.ledger.behind(topicId, revision, LIMITS.partitionsPerTopicMax);
  }

  /**
   * Tells what is to be told, of one topic or of all, each once, as much as one invocation may. What fails is told to
   * `failed` and stays pending, as does what there was too much of.
   */
  async round(topicId: string | null): Promise<"ok" | "failed"> {
    const { registry, ledger } = this.#parts;
    const unsettled = registry.unsettled().filter((one) => topicId === null || one === topicId);
    const limit = topicId === null ? CALLS_PER_KIND_MAX : CALLS_PER_ROUND_MAX;
    const frees = ledger.freeing(topicId, limit).map(
      (address): Call =>
        async () =>
          await this.#free(address),
    );
    const tells = unsettled.flatMap((one) =>
      this.waitingFor(one).map(
        (partition): Call =>
          async () =>
            await this.#tell(one, partition),
      ),
    );
    const calls = [...frees, ...tells.slice(0, limit)];
    let isWell = true;
    for (let at = 0; at < calls.length; at += CALLS_AT_ONCE_MAX) {
      const some = calls.slice(at, at + CALLS_AT_ONCE_MAX);
      const ends = await Promise.all(some.map(async (call) => await this.#tried(call)));
      isWell &&= ends.every((end) => end === "ok");
    }
    for (const one of unsettled) registry.settle(one);
    return isWell ? "ok" : "failed";
  }

  /**
   * A partition knows less than was written down that it has heard: its storage went back. Nothing is written down for
   * it, since whoever waits for it reminds again.
   */
  async remind(topicId: string, partition: number): Promise<void> {
    await this.#tried(async () => await this.#tell(topicId, partition));
  }

  async #tell(topicId: string, partition: number): Promise<void> {
    const { registry, ledger, objects } = this.#parts;
    // Read now: it may have changed again, or be gone, while others were told.
    const topic = registry.byId(topicId);
    if (topic === null) return;
    const { state } = topic;
    const address = ledger.addressOf(topicId, partition, state.config["jurisdiction"]);
    const outcome = await objects.adopt(address, state);
    if (!outcome.ok) throw new Error(`partition ${partition} of ${topicId}: ${outcome.error.message}`);
    ledger.heard(address, state.revision);
  }

  async #free(address: PartitionAddress): Promise<void> {
    await this.#parts.objects.destroy(address);
    this.#parts.ledger.freed(address);
  }

  async #tried(call: Call): Promise<"ok" | "failed"> {
    try {
      await call();
      return "ok";
    } catch (error) {
      this.#parts.failed(error);
      return "failed";
    }
  }
}
