/**
 * The way between devices and the edge. What happens to a request is a `Disturbance`, scripted or drawn from a seed;
 * as with a real network, a caller never learns whether what went wrong was carried out.
 */
import type { Transport, TransportRequest, TransportResponse } from "../../client/sync/transport.ts";
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { SimulatedEdge } from "./simulated-edge.ts";
import { SimulatedTail, type TailFault } from "./simulated-tail.ts";

export type Operation = "produce" | "fetch" | "reconcile" | "metadata" | "topics";

export interface SeenRequest {
  readonly device: string;
  readonly operation: Operation;
  readonly request: TransportRequest;
  readonly at: number;
}

export interface Disturbance {
  /** Which of the two never arrives. */
  readonly drop?: "request" | "answer";
  /** What was dropped is noticed by the deadline alone, not by a broken connection. */
  readonly silent?: boolean;
  readonly requestDelayMs?: number;
  readonly answerDelayMs?: number;
  /** Copies of the request arrive so much later; their answers go nowhere. */
  readonly againAfterMs?: readonly number[];
  /** In place of the edge, which is not asked. */
  readonly answer?: TransportResponse;
  /** What the edge answered, on its way back. */
  readonly change?: (answer: TransportResponse) => TransportResponse;
}

const LATENCY_MS = 20;

export class SimulatedNetwork {
  readonly #clock: Clock;
  readonly #edge: SimulatedEdge;
  readonly seen: SeenRequest[] = [];
  readonly #received = new Map<string, number>();
  /** Devices that reach nothing. */
  readonly offline = new Set<string>();
  /** Asked for each request; null: it goes well. */
  disturb: (seen: SeenRequest) => Disturbance | null = () => null;
  latencyMs: () => number = () => LATENCY_MS;
  tailLatencyMs: (() => number) | null = null;

  constructor(clock: Clock, edge: SimulatedEdge) {
    this.#clock = clock;
    this.#edge = edge;
  }

  /** Asked for each socket and each of its frames; null: it goes well. */
  disturbTail: (device: string, at: "open" | "frame") => TailFault | null = () => null;

  tail(device: string): SimulatedTail {
    return new SimulatedTail({ device, clock: this.#clock, edge: this.#edge, network: this });
  }

  connect(device: string): Transport {
    return { request: async (request) => await this.#request(device, onTheWire(request)) };
  }

  /** Only the next requests of that kind are disturbed, in this order; null: that one goes well. */
  script(operation: Operation, ...disturbances: readonly (Disturbance | null)[]): void {
    const left = [...disturbances];
    const before = this.disturb;
    this.disturb = (seen) => {
      if (seen.operation !== operation || left.length === 0) return before(seen);
      return left.shift() ?? null;
    };
  }

  /** Bytes of answers that have come to that device. */
  received(device: string): number {
    return this.#received.get(device) ?? 0;
  }

  of(operation: Operation): SeenRequest[] {
    return this.seen.filter((one) => one.operation === operation);
  }

  async #request(device: string, request: TransportRequest): Promise<TransportResponse> {
    const { signal, timeoutMs } = request;
    const seen = { device, operation: operationOf(request.path), request, at: this.#clock.now() };
    this.seen.push(seen);
    if (signal?.aborted === true) throw new StrandlineError("CLOSED", request.path);
    const over = new AbortController();
    const calledOff = new Promise<never>((_, reject) => {
      signal?.addEventListener("abort", () => reject(new StrandlineError("CLOSED", request.path)), { once: true });
    });
    const late = this.#clock.sleep(timeoutMs, over.signal).then((): never => {
      throw new StrandlineError("REQUEST_TIMED_OUT", request.path, { timeoutMs });
    });
    try {
      return await Promise.race([this.#carry(seen, this.#fate(seen)), late, calledOff]);
    } finally {
      late.catch(() => undefined);
      over.abort();
    }
  }

  #fate(seen: SeenRequest): Disturbance {
    return this.offline.has(seen.device) ? { drop: "request" } : (this.disturb(seen) ?? {});
  }

  async #carry(seen: SeenRequest, fate: Disturbance): Promise<TransportResponse> {
    const { request } = seen;
    for (const ms of fate.againAfterMs ?? []) void this.#again(request, ms);
    await this.#clock.sleep(this.latencyMs() + (fate.requestDelayMs ?? 0));
    if (fate.drop === "request") return await this.#lost(request, fate);
    const answer = fate.answer ?? (await this.#edge.handle(request));
    if (fate.drop === "answer") return await this.#lost(request, fate);
    await this.#clock.sleep(this.latencyMs() + (fate.answerDelayMs ?? 0));
    this.#received.set(seen.device, this.received(seen.device) + answer.body.byteLength);
    return fate.change?.(answer) ?? answer;
  }

  async #again(request: TransportRequest, ms: number): Promise<void> {
    await this.#clock.sleep(ms);
    await this.#edge.handle(request);
  }

  #lost(request: TransportRequest, { silent }: Disturbance): Promise<TransportResponse> {
    if (silent === true) return new Promise(() => undefined);
    return Promise.reject(new StrandlineError("NETWORK_EXCEPTION", request.path));
  }
}

function operationOf(path: string): Operation {
  if (path.endsWith("/reconcile")) return "reconcile";
  const [, , name = ""] = path.split(/[/?]/);
  return name as Operation;
}

/** What is under way is not the caller's any more, who may use its buffer for something else. */
function onTheWire(request: TransportRequest): TransportRequest {
  return request.body instanceof Uint8Array ? { ...request, body: request.body.slice() } : request;
}
