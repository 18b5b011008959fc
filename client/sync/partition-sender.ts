/**
 * Sends one partition's outbox, in order. Everything it does to the outbox is one transaction that checks that the
 * outbox is still the one the decision was made for; where it is not, another tab was faster, and the row is read
 * again. What is decided is in `outbox-rules.ts`; here it is carried out.
 */
import type { ProducePartitionAnswer } from "../../shared/api/produce.ts";
import type { LocalSequence, TopicId } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import { release } from "../../shared/release.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { Random } from "../../shared/random.ts";
import { StrandlineError, type ErrorBody } from "../../shared/strandline-error.ts";
import type { Outbox, PartitionRef, SettledBatch } from "../log/device-log.ts";
import type { BlockedBatch, PartitionRow, TopicRow } from "../log/rows.ts";
import { isForGood, isOlder, offsetOf, sequenceIn } from "./answer-rules.ts";
import { Backoff, type RetryPolicy } from "./backoff.ts";
import { Hold } from "./hold.ts";
import { decideOnAnswer } from "./outbox-rules.ts";
import type { PreparedRun } from "./prepared-run.ts";
import { demandTopicId, Reconciler, type ReconcilerPorts } from "./reconciler.ts";
import { sealPending } from "./seal-pending.ts";
import { SendWindow, type KnownBatch } from "./send-window.ts";

export interface PartitionSenderPorts extends ReconcilerPorts {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly random: Random;
  readonly retry: RetryPolicy;
  readonly blocked: (ref: PartitionRef, blocked: BlockedBatch) => void;
  /** It may have something to send again. */
  readonly ready: () => void;
}

/** Whether an answer brought the partition further: the sender backs off where none does. */
export type Progress = "progress" | "none";

const BATCHES_PER_RUN_MAX = 4_096;

export class PartitionSender {
  readonly ref: PartitionRef;
  readonly topic: TopicRow;
  readonly #ports: PartitionSenderPorts;
  readonly #window: SendWindow;
  readonly #reconciler: Reconciler;
  readonly #topicId: TopicId;
  /** Of this partition alone: one in trouble does not slow the others. */
  readonly #hold: Hold;
  readonly #backoff: Backoff;
  /** One at a time: preparing a run and acting on an answer both read the window across awaits. */
  #turn: Promise<unknown> = Promise.resolve();
  #inFlight = 0;
  /** Nothing is sent until all that is under way has come back: what follows a gap would only be refused. */
  #waitForQuiet = false;
  /** The batch that the edge refused for good, or that was damaged on the device; runs end before it. */
  #poison: { readonly localSequence: LocalSequence; readonly error: ErrorBody } | null = null;

  constructor(ref: PartitionRef, topic: TopicRow, row: PartitionRow, ports: PartitionSenderPorts) {
    this.ref = ref;
    this.topic = topic;
    this.#ports = ports;
    this.#topicId = demandTopicId(topic);
    this.#window = new SendWindow(row);
    this.#reconciler = new Reconciler(ref, topic, this.#window, ports);
    this.#hold = new Hold(ports.clock, ports.ready);
    this.#backoff = new Backoff(ports.retry, ports.random);
  }

  get inflightRecords(): number {
    return this.#inFlight === 0 ? 0 : this.#window.sentTo - this.#window.row.ackedLocalSequence;
  }

  /** The next run to be sent, counted as in flight, of about `bytesMax`; null: nothing to send now. */
  async nextRun(bytesMax: number): Promise<PreparedRun | null> {
    return await this.#alone(async () => {
      if (this.#hold.active) return null;
      if (this.#inFlight >= LIMITS.inFlightPerPartitionMax || (this.#waitForQuiet && this.#inFlight > 0)) return null;
      this.#waitForQuiet = false;
      const run = await this.#prepare(bytesMax);
      if (run !== null) this.#inFlight += 1;
      return run;
    });
  }

  /** Acts on the edge's answer to the run. */
  async answered(run: PreparedRun, answer: ProducePartitionAnswer): Promise<Progress> {
    return await this.#alone(async () => {
      this.#inFlight -= 1;
      let progress: Progress = "none";
      try {
        progress = await this.#act(run, answer);
      } finally {
        if (progress === "none" || !this.#settles(run)) this.#startOver();
      }
      return progress;
    });
  }

  /** The edge answered, and the partition got no further: it waits a while before it tries again. Null: it says nothing of why. */
  holdOff(error: StrandlineError | null): void {
    this.#hold.after(error, this.#backoff.nextDelayMs());
  }

  gotFurther(): void {
    this.#backoff.reset();
  }

  /** The network may be back. */
  hint(): void {
    this.#hold.end();
  }

  /** No answer came, or none about the records: the run may have been carried out, and may still be. */
  async unanswered(): Promise<void> {
    await this.#alone(async () => {
      this.#inFlight -= 1;
      this.#startOver();
    });
  }

  async #prepare(bytesMax: number): Promise<PreparedRun | null> {
    const window = this.#window;
    const from = window.sentTo;
    // Another tab may have settled it.
    this.#forgetPoison();
    if (this.#poison !== null && from > this.#poison.localSequence) return null;
    const limit = { bytesMax: Math.min(bytesMax, LIMITS.runBytesMax), countMax: BATCHES_PER_RUN_MAX };
    const { batches: pending, discarded } = await this.#ports.outbox.sendable(this.ref, from, limit);
    if (discarded !== null) return await this.#giveUpDiscarded(discarded.error, bytesMax);
    const [first] = pending;
    if (first === undefined) return null;
    if (first.localSequence !== from) {
      // Another tab settled what was to be sent.
      await this.#reload();
      return first.localSequence === window.row.ackedLocalSequence ? await this.#prepare(bytesMax) : null;
    }
    if (window.sequenceOf(from) + first.count > LIMITS.sequenceMax) return await this.#exhausted(bytesMax);
    const wanted = pending.filter((batch) => this.#maySend(from, batch.localSequence, batch.count));
    const sealed = sealPending(wanted, window.identity);
    for (const { bytes } of pending) release(bytes);
    if (sealed.damaged !== null) return await this.#sendBeforeDamage(sealed.batches, sealed.damaged, bytesMax);
    return this.#onItsWay(sealed.batches, sealed.bytes);
  }

  #onItsWay(batches: readonly KnownBatch[], bytes: Uint8Array<ArrayBuffer>): PreparedRun {
    const window = this.#window;
    const run = {
      sender: this,
      topicId: this.#topicId,
      leaderEpoch: window.row.leaderEpoch,
      producerKey: window.identity.producerKey,
      ackedSequence: window.view().acked,
      first: window.sentTo,
      chainBefore: window.sentChain,
      batches,
      bytes,
    };
    for (const batch of batches) window.sent(batch);
    return run;
  }

  /** Runs end before the poison; the poison goes alone, so that its refusal names it and nothing else. */
  #maySend(from: LocalSequence, localSequence: LocalSequence, count: number): boolean {
    const fits = this.#window.sequenceOf(localSequence) + count <= LIMITS.sequenceMax;
    const poison = this.#poison?.localSequence;
    if (poison === undefined) return fits;
    return fits && (from === poison ? localSequence === poison : localSequence < poison);
  }

  async #exhausted(bytesMax: number): Promise<PreparedRun | null> {
    if (this.#inFlight > 0 || this.#window.sentTo !== this.#window.row.ackedLocalSequence) return null;
    await this.#reconciler.succeedExhausted();
    return await this.#prepare(bytesMax);
  }

  async #sendBeforeDamage(
    batches: readonly KnownBatch[],
    damaged: LocalSequence,
    bytesMax: number,
  ): Promise<PreparedRun | null> {
    const said = `${this.topic.name}-${this.ref.partition}~${damaged} was damaged on the device`;
    const error = new StrandlineError("CORRUPT_MESSAGE", said, { topic: this.topic.name, localSequence: damaged });
    this.#poison = { localSequence: damaged, error: error.toBody() };
    if (damaged !== this.#window.row.ackedLocalSequence)
      return batches.length > 1 ? await this.#prepare(bytesMax) : null;
    for (const batch of batches) this.#window.learn(batch);
    if (await this.#blocks(this.#poison.error)) return null;
    await this.#reconciler.giveUp(this.#poison.error);
    this.#forgetPoison();
    return this.#poison === null ? await this.#prepare(bytesMax) : null;
  }

  /** Whether all of the run is settled: what was sent behind a run that is not would only be refused. */
  #settles(run: PreparedRun): boolean {
    const last = run.batches.at(-1);
    return last === undefined || this.#window.row.ackedLocalSequence >= last.localSequence + last.count;
  }

  async #act(run: PreparedRun, answer: ProducePartitionAnswer): Promise<Progress> {
    // A partition that could not be asked proves nothing, and neither does one of an older leader epoch.
    if (answer.leaderEpoch === null || isOlder(answer.leaderEpoch, this.#window.row.leaderEpoch)) return "none";
    const { nextSequence, chain, error } = answer;
    const refused = error !== null && isForGood(error) ? { sequence: sequenceIn(error) } : null;
    if (nextSequence !== null) await this.#reconciler.knowUntil(nextSequence);
    const asked = { producerKey: run.producerKey, acked: run.ackedSequence };
    const decision = decideOnAnswer(this.#window.view(), asked, { nextSequence, chain, refused });
    switch (decision.kind) {
      case "ignore":
        return "none";
      case "ack":
        return await this.#ack(decision.batches, answer);
      case "reconcile":
        await this.#reconciler.reconcile();
        this.#forgetPoison();
        return "progress";
      case "giveUp":
        return await this.#giveUp(decision.index, error);
    }
  }

  async #ack(batches: number, answer: ProducePartitionAnswer): Promise<Progress> {
    const window = this.#window;
    const settled: SettledBatch[] = window.known.slice(0, batches).map((batch) => ({
      localSequence: batch.localSequence,
      count: batch.count,
      bytes: batch.bytes,
      outcome: { kind: "committed", baseOffset: offsetOf(window.sequenceOf(batch.localSequence), answer.held) },
    }));
    await this.#reconciler.step({ settled, chain: answer.chain, successor: null, leaderEpoch: answer.leaderEpoch });
    this.#forgetPoison();
    return "progress";
  }

  async #giveUp(index: number, error: ErrorBody | null): Promise<Progress> {
    const refusal = error ?? new StrandlineError("GIVEN_UP", "").toBody();
    const batch = this.#window.known[index];
    if (batch === undefined) return "none";
    if (index > 0) {
      this.#poison = { localSequence: batch.localSequence, error: refusal };
      this.#startOver();
      return "progress";
    }
    if (await this.#blocks(refusal)) return "progress";
    await this.#reconciler.giveUp(refusal);
    this.#forgetPoison();
    return "progress";
  }

  /** In strict order nothing is given up unasked: the partition waits, and says so. */
  async #blocks(error: ErrorBody): Promise<boolean> {
    const [batch] = this.#window.known;
    if (batch === undefined) return false;
    const { localSequence, count } = batch;
    const blocked = { localSequence, count, blockedAt: this.#ports.clock.now(), error };
    if (!(await this.#ports.outbox.block(this.ref, blocked))) return false;
    this.#ports.blocked(this.ref, blocked);
    return true;
  }

  async #giveUpDiscarded(error: ErrorBody, bytesMax: number): Promise<PreparedRun | null> {
    if (this.#inFlight > 0) return null;
    await this.#reload();
    await this.#reconciler.giveUp(error);
    this.#forgetPoison();
    return await this.#prepare(bytesMax);
  }

  #forgetPoison(): void {
    if (this.#poison !== null && this.#window.row.ackedLocalSequence > this.#poison.localSequence) this.#poison = null;
  }

  #startOver(): void {
    this.#window.restart();
    this.#waitForQuiet = true;
  }

  async #reload(): Promise<void> {
    const row = await this.#ports.outbox.row(this.ref);
    if (row !== undefined) this.#window.adopt(row);
    this.#window.restart();
  }

  async #alone<Result>(body: () => Promise<Result>): Promise<Result> {
    const mine = this.#turn.then(body);
    this.#turn = mine.catch(() => undefined);
    return await mine;
  }
}
