/**
 * The steps of one partition's outbox that ask the edge what it holds, or put the outbox under a successor, and the
 * one place where a step is written: if the outbox is no longer the expected one, the row is read again instead.
 */
import type { DescribedBatch } from "../../shared/api/reconcile.ts";
import {
  NO_CHAIN,
  type LeaderEpoch,
  type LocalSequence,
  type Offset,
  type ProducerKey,
  type TopicId,
} from "../../shared/brands.ts";
import { LIMITS } from "../../shared/limits.ts";
import { producerIdOf, successorKeyOf } from "../../shared/producer-identity.ts";
import { StrandlineError, type ErrorBody } from "../../shared/strandline-error.ts";
import type { Outbox, OutboxStep, PartitionRef, SettledBatch } from "../log/device-log.ts";
import type { ProducerIdentity, TopicRow } from "../log/rows.ts";
import type { EdgeClient } from "./edge-client.ts";
import { settle, type Settlement } from "./outbox-rules.ts";
import { sealPending } from "./seal-pending.ts";
import type { KnownBatch, SendWindow } from "./send-window.ts";

export type SuccessionReason = "diverged" | "forgotten" | "exhausted";

export interface ReconcilerPorts {
  readonly outbox: Outbox;
  readonly edge: EdgeClient;
  readonly owner: { readonly namespace: string; readonly principal: string };
  readonly signal: AbortSignal;
  /** Told after each step that was written. */
  readonly stepped: (ref: PartitionRef, settled: readonly SettledBatch[]) => void;
  readonly succeeded: (ref: PartitionRef, reason: SuccessionReason, records: number) => void;
}

export class Reconciler {
  readonly #ref: PartitionRef;
  readonly #topic: TopicRow;
  readonly #window: SendWindow;
  readonly #ports: ReconcilerPorts;

  constructor(ref: PartitionRef, topic: TopicRow, window: SendWindow, ports: ReconcilerPorts) {
    this.#ref = ref;
    this.#topic = topic;
    this.#window = window;
    this.#ports = ports;
  }

  /** Reads on until the sequence is covered: an answer may speak of what another tab sent, or this one before a reload. */
  async knowUntil(sequence: number): Promise<void> {
    while (this.#window.sequenceOf(this.#window.knownTo) < sequence) {
      if (!(await this.#knowMore())) return;
    }
  }

  async reconcile(): Promise<void> {
    while (this.#window.known.length < LIMITS.reconcileBatchesMax && (await this.#knowMore())) continue;
    await this.#ask(this.#window.known.slice(0, LIMITS.reconcileBatchesMax), null);
  }

  /** The first waiting batch can never succeed. */
  async giveUp(refusal: ErrorBody): Promise<void> {
    if (this.#window.known.length === 0) await this.#knowMore();
    await this.#ask(this.#window.known.slice(0, 1), refusal);
  }

  /** The sequence nears its end: the next record starts a new identity. */
  async succeedExhausted(): Promise<void> {
    if (this.#window.known.length === 0) await this.#knowMore();
    const [first] = this.#window.known;
    if (first === undefined) return;
    const successor = await this.#successorAt(first);
    const written = await this.step({ settled: [], chain: NO_CHAIN, successor, leaderEpoch: null });
    if (written) this.#tellSuccession("exhausted", first.localSequence);
  }

  /** False: the outbox had moved on; the window now shows how. */
  async step(step: Omit<OutboxStep, "expected">): Promise<boolean> {
    const { row, identity } = this.#window;
    const expected = { producerKey: identity.producerKey, ackedLocalSequence: row.ackedLocalSequence };
    const after = await this.#ports.outbox.settle(this.#ref, { ...step, expected });
    const now = after ?? (await this.#ports.outbox.row(this.#ref));
    if (now !== undefined) this.#window.adopt(now);
    if (after === null) {
      this.#window.restart();
      return false;
    }
    this.#ports.stepped(this.#ref, step.settled);
    return true;
  }

  async #ask(batches: readonly KnownBatch[], refusal: ErrorBody | null): Promise<void> {
    if (batches.length === 0) return;
    const { producerKey } = this.#window.identity;
    const asked = { producerKey, from: this.#window.view().acked, batches: batches.map(describe) };
    const question = {
      topicId: demandTopicId(this.#topic),
      producerKey,
      from: asked.from,
      batches: asked.batches,
      giveUp: refusal !== null,
    };
    const answer = await this.#ports.edge.reconcile(
      this.#topic.name,
      this.#ref.partition,
      question,
      this.#ports.signal,
    );
    const settlement = settle(this.#window.view(), asked, answer);
    await this.#carryOut(settlement, refusal, answer.leaderEpoch);
  }

  async #carryOut(settlement: Settlement, refusal: ErrorBody | null, leaderEpoch: LeaderEpoch): Promise<void> {
    const known = this.#window.known;
    const first = known[settlement.settled.length];
    const reason = settlement.then;
    const settled = settlement.settled.map((judged, index) => settledAs(known[index], judged, refusal));
    const successor = reason !== "continue" && first !== undefined ? await this.#successorAt(first) : null;
    const chain = successor === null ? settlement.chain : NO_CHAIN;
    if (settled.length > 0 || successor !== null) {
      const written = await this.step({ settled, chain, successor, leaderEpoch });
      if (written && successor !== null && reason !== "continue") this.#tellSuccession(reason, successor.sequenceBase);
    }
    this.#window.restart();
  }

  #tellSuccession(reason: SuccessionReason, from: LocalSequence): void {
    this.#ports.succeeded(this.#ref, reason, this.#window.row.nextLocalSequence - from);
  }

  /** Derived, never drawn: two copies that part at one point with the same records meet under one id. */
  async #successorAt(first: KnownBatch): Promise<ProducerIdentity> {
    const producerKey: ProducerKey = await successorKeyOf({
      producerKey: this.#window.identity.producerKey,
      topicId: demandTopicId(this.#topic),
      partition: this.#ref.partition,
      sequence: this.#window.sequenceOf(first.localSequence),
      firstBatchCrc: first.storedCrc,
    });
    const producerId = await producerIdOf({ ...this.#ports.owner, producerKey });
    return { producerKey, producerId, sequenceBase: first.localSequence };
  }

  async #knowMore(): Promise<boolean> {
    const from = this.#window.knownTo;
    const limit = { bytesMax: LIMITS.runBytesMax, countMax: LIMITS.reconcileBatchesMax };
    const pending = await this.#ports.outbox.read(this.#ref, from, limit);
    if (pending[0]?.localSequence !== from) return false;
    for (const batch of sealPending(pending, this.#window.identity).batches) this.#window.learn(batch);
    return true;
  }
}

function describe(batch: KnownBatch): DescribedBatch {
  return { count: batch.count, crc: batch.crc };
}

function settledAs(
  batch: KnownBatch | undefined,
  judged: { readonly verdict: string; readonly baseOffset: number | null },
  refusal: ErrorBody | null,
): SettledBatch {
  if (batch === undefined) throw new TypeError("a settlement speaks of batches that are known");
  const { localSequence, count, bytes } = batch;
  if (judged.verdict === "held") {
    return {
      localSequence,
      count,
      bytes,
      outcome: { kind: "committed", baseOffset: judged.baseOffset as Offset | null },
    };
  }
  const error = refusal ?? new StrandlineError("GIVEN_UP", "another copy of this device gave it up").toBody();
  return { localSequence, count, bytes, outcome: { kind: "dead", error } };
}

export function demandTopicId(topic: TopicRow): TopicId {
  if (topic.topicId === null) throw new TypeError("a topic is sent to once its id is known");
  return topic.topicId;
}
