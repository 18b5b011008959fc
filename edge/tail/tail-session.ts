/**
 * One device's tail: a client's socket, and behind it a socket to each partition it is subscribed to. Frames pass
 * through as they are, so that the bytes of a record are touched once, for the id in front of them.
 */
import type { TailEdgeFrame, TailRecordsHead, TailSubscribe } from "../../shared/api/tail.ts";
import type { Clock } from "../../shared/clock.ts";
import { readEnvelope } from "../../shared/envelope.ts";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { asStrandlineError } from "../http-error.ts";
import { reminded } from "../operations/key-order.ts";
import { demandPermission } from "../access/access.ts";
import { partitionById, type EdgePorts } from "../operations/ports.ts";
import { take } from "../outcome.ts";
import type { GrowthBarrier } from "../partition/partition-port.ts";
import { TAIL_ID_BYTES, writeTailId, type TailUpFrame } from "../partition/tail-frames.ts";
import type { CheckedFrame } from "../schemas.ts";
import { frameOf, type HeartbeatFrame } from "./client-frames.ts";
import { answerHeartbeat } from "./heartbeats.ts";
import { KeyOrder } from "./key-order.ts";
import { demandRoom } from "./tail-room.ts";
import type { TailUpstream } from "./tail-upstream.ts";
import { lookAgainInMs } from "./look-again.ts";

/** The client's end. */
export interface ClientSocket {
  send(data: string | Uint8Array): void;
  close(code: number, reason: string): void;
}

export interface TailSessionParts {
  readonly ports: EdgePorts;
  readonly client: ClientSocket;
  readonly clock: Clock;
}

interface Subscription {
  readonly id: number;
  readonly topicId: string;
  readonly partition: number;
  readonly windowBytes: number;
  readonly keyOrder: boolean;
  /** Its name; null while it is looked up. */
  topic: string | null;
  /** Null while it is being opened. */
  upstream: TailUpstream | null;
  /** All below was acknowledged. */
  ackedTo: number;
  /** All below was sent. */
  sentTo: number;
  /** Behind the last records that were sent: above it up to `sentTo` there is nothing to acknowledge. */
  recordsTo: number;
}

const NORMAL = 1000;
const POLICY_VIOLATION = 1008;

export class TailSession {
  readonly #parts: TailSessionParts;
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #keyOrder: KeyOrder;
  #heardAtMs: number;
  #open = true;

  constructor(parts: TailSessionParts) {
    this.#parts = parts;
    this.#heardAtMs = parts.clock.now();
    this.#keyOrder = new KeyOrder({
      clock: parts.clock,
      subscriptions: () => [...this.#subscriptions.values()],
      growthsOf: async (topicId, partition) => await growthsOf(parts.ports, topicId, partition),
      remind: async (topicId, partition) => await reminded(parts.ports, { topicId, partition }),
      refuse: (id, error) => this.#refuse(id, error),
      pass: (id, growths) => this.#subscriptions.get(id)?.upstream?.send({ type: "pass", growths }),
    });
  }

  get subscriptions(): number {
    return this.#subscriptions.size;
  }

  async message(text: string): Promise<void> {
    if (!this.#stands()) return;
    this.#heardAtMs = this.#parts.clock.now();
    if (text === "ping") {
      this.#parts.client.send("pong");
      return;
    }
    try {
      await this.#obey(frameOf(text));
    } catch (thrown) {
      this.end(asStrandlineError(thrown));
    }
  }

  /** Until the client goes, the time is over, or nothing is heard while records are under way. */
  async run(options: { readonly lifetimeMs: number; readonly signal: AbortSignal }): Promise<void> {
    const { clock } = this.#parts;
    const endsAt = clock.now() + options.lifetimeMs;
    while (this.#open && !options.signal.aborted && clock.now() < endsAt) {
      await clock.sleep(
        Math.min(endsAt - clock.now(), lookAgainInMs(this.#parts.ports.standing, clock)),
        options.signal,
      );
      void this.#lookAgain();
      if (this.#isSilent()) this.end(new StrandlineError("REQUEST_TIMED_OUT", "nothing was acknowledged"));
    }
    if (this.#open) this.#close({ type: "end" }, NORMAL);
  }

  end(error: StrandlineError): void {
    this.#close({ type: "error", id: null, error: error.toBody() }, POLICY_VIOLATION);
  }

  /** The client has gone: so do the partitions' sockets. */
  gone(): void {
    this.#open = false;
    for (const one of this.#subscriptions.values()) one.upstream?.close();
    this.#subscriptions.clear();
  }

  /** Ends it where the credential is over. False: it has ended. */
  #stands(): boolean {
    const refusal = this.#open ? this.#parts.ports.standing.refusal() : null;
    if (refusal !== null) this.end(refusal);
    return this.#open;
  }

  /** Whether it all may go on, by rules that are seconds old. */
  async #lookAgain(): Promise<void> {
    if (!this.#stands()) return;
    await this.#parts.ports.standing.refresh();
    if (!this.#stands()) return;
    for (const one of this.#subscriptions.values()) {
      try {
        if (one.topic !== null) demandPermission(this.#parts.ports.standing, "tail", one.topic);
      } catch (thrown) {
        this.#failed(one, thrown);
      }
    }
  }

  #isSilent(): boolean {
    return this.#isOwed() && this.#parts.clock.now() - this.#heardAtMs > LIMITS.tailSilenceMsMax;
  }

  /** Whether any records are under way. */
  #isOwed(): boolean {
    for (const one of this.#subscriptions.values()) if (one.sentTo > one.ackedTo) return true;
    return false;
  }

  async #obey(frame: CheckedFrame): Promise<void> {
    switch (frame.type) {
      case "subscribe":
        await this.#subscribe(frame);
        return;
      case "unsubscribe":
        this.#unsubscribe(frame.id);
        return;
      case "ack":
        this.#ack(frame.id, frame.offset);
        return;
      case "heartbeat":
        await this.#beat(frame);
    }
  }

  async #beat(frame: HeartbeatFrame): Promise<void> {
    const answer = await answerHeartbeat(this.#parts.ports, frame);
    if (this.#stands()) this.#tell(answer);
  }

  async #subscribe(frame: TailSubscribe): Promise<void> {
    const { id, topicId, partition, windowBytes, keyOrder, offset } = frame;
    // An error under the id would end the subscription that stands.
    if (this.#subscriptions.has(id)) throw new StrandlineError("INVALID_REQUEST", `subscription ${id} stands`, { id });
    try {
      demandRoom([...this.#subscriptions.values()], frame);
    } catch (thrown) {
      this.#tell({ type: "error", id, error: asStrandlineError(thrown).toBody() });
      return;
    }
    const one: Subscription = {
      ...{ id, topicId, partition, windowBytes, keyOrder },
      ...{ topic: null, upstream: null, ackedTo: offset, sentTo: offset, recordsTo: offset },
    };
    this.#subscriptions.set(id, one);
    try {
      const topic = await partitionById(this.#parts.ports, topicId, partition, "tail");
      one.topic = topic.name;
      if (!this.#isCurrent(one)) return;
      const { leaderEpoch, previousCrc } = frame;
      const growthsPassed = keyOrder ? 0 : null;
      const request = { offset, leaderEpoch, previousCrc, windowBytes, growthsPassed };
      const upstream = await this.#parts.ports.openTail(
        { topic, partition, request },
        {
          records: (bytes) => this.#records(one, bytes),
          frame: (up) => void this.#up(one, up).catch((thrown: unknown) => this.#failed(one, thrown)),
          closed: () =>
            this.#failed(one, new StrandlineError("NETWORK_EXCEPTION", "the partition's socket has closed")),
        },
      );
      if (this.#subscriptions.get(id) !== one) upstream.close();
      one.upstream = upstream;
      if (one.ackedTo > offset) upstream.send({ type: "ack", offset: one.ackedTo });
    } catch (thrown) {
      this.#failed(one, thrown);
    }
  }

  #unsubscribe(id: number): void {
    const one = this.#subscriptions.get(id);
    if (one === undefined) return;
    this.#drop(one);
    if (one.keyOrder) this.#keyOrder.unsubscribed(one);
  }

  #refuse(id: number, error: StrandlineError): void {
    const one = this.#subscriptions.get(id);
    if (one !== undefined) this.#failed(one, error);
  }

  #ack(id: number, said: number): void {
    const one = this.#subscriptions.get(id);
    // Of a subscription that has ended while it was on its way.
    if (one === undefined) return;
    const offset = said >= one.recordsTo ? one.sentTo : said;
    if (offset <= one.ackedTo) return;
    one.ackedTo = offset;
    one.upstream?.send({ type: "ack", offset });
    this.#keyOrder.acked();
  }

  #records(one: Subscription, frame: Uint8Array): void {
    if (!this.#isCurrent(one)) return;
    // A minute of silence counts from when there is something to answer.
    if (!this.#isOwed()) this.#heardAtMs = this.#parts.clock.now();
    one.sentTo = nextOffsetIn(frame);
    one.recordsTo = one.sentTo;
    writeTailId(frame, one.id);
    this.#parts.client.send(frame);
  }

  async #up(one: Subscription, frame: TailUpFrame): Promise<void> {
    if (!this.#isCurrent(one)) return;
    switch (frame.type) {
      case "position":
        if (one.sentTo === one.ackedTo) one.ackedTo = frame.nextOffset;
        one.sentTo = frame.nextOffset;
        this.#tell({ ...frame, id: one.id });
        this.#keyOrder.acked();
        return;
      case "error":
        this.#tell({ ...frame, id: one.id });
        this.#drop(one);
        return;
      case "barrier":
        this.#tell({ type: "grown", id: one.id, growths: frame.growth + 1 });
        await this.#keyOrder.atBarrier(one, frame.growth);
    }
  }

  #failed(one: Subscription, thrown: unknown): void {
    if (!this.#isCurrent(one)) return;
    this.#tell({ type: "error", id: one.id, error: asStrandlineError(thrown).toBody() });
    this.#drop(one);
  }

  #isCurrent(one: Subscription): boolean {
    return this.#stands() && this.#subscriptions.get(one.id) === one;
  }

  #drop(one: Subscription): void {
    one.upstream?.close();
    this.#subscriptions.delete(one.id);
  }

  #tell(frame: TailEdgeFrame): void {
    this.#parts.client.send(JSON.stringify(frame));
  }

  #close(last: TailEdgeFrame, code: number): void {
    if (!this.#open) return;
    this.#tell(last);
    this.gone();
    this.#parts.client.close(code, last.type);
  }
}

async function growthsOf(ports: EdgePorts, topicId: string, partition: number): Promise<readonly GrowthBarrier[]> {
  const topic = await partitionById(ports, topicId, partition, "tail");
  return take(await ports.partition(topic, partition).bounds()).growths;
}

function nextOffsetIn(frame: Uint8Array): number {
  return (readEnvelope(frame.subarray(TAIL_ID_BYTES)).head as TailRecordsHead).nextOffset;
}
