/**
 * What one principal uses through one isolate. Kafka's way: a request that goes over a rate is carried out and told how
 * long to wait; who comes back before that is refused; who keeps doing that is cut off for a while, sockets and all.
 */
import type { Quotas } from "../../shared/api/quotas.ts";
import type { Clock } from "../../shared/clock.ts";
import type { StrandlineError } from "../../shared/strandline-error.ts";
import { throttled } from "./throttled.ts";
import { TokenBucket } from "./token-bucket.ts";

export type RateName = "producer_byte_rate" | "consumer_byte_rate" | "request_rate";

/** Refusals in a row, more than the requests that all devices of a principal may have had under way. */
export const REFUSALS_MAX = 100;
export const CUT_OFF_MS = 30_000;

export class PrincipalMeter {
  readonly clock: Clock;
  readonly #buckets = new Map<RateName, TokenBucket>();
  readonly #connections = new Set<(error: StrandlineError) => void>();
  /** In a row, of each rate: one that is used up does not hide behind another that is not. */
  readonly #refusals = new Map<RateName, number>();
  #quotas: Quotas;
  #cutOffUntilMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, quotas: Quotas) {
    this.clock = clock;
    this.#quotas = quotas;
  }

  /** A rate that was altered begins anew with its burst. */
  set quotas(quotas: Quotas) {
    this.#quotas = quotas;
  }

  /** Null: there is no such quota. */
  rate(name: RateName): number | null {
    return this.#quotas[name] ?? null;
  }

  /** Throws `THROTTLING_QUOTA_EXCEEDED` where an earlier request was told to wait, and this one came too soon. */
  admit(name: RateName): void {
    const now = this.clock.now();
    if (now < this.#cutOffUntilMs) throw throttled("cut off", 0, this.#cutOffUntilMs - now);
    const waitMs = this.waitMs(name);
    if (waitMs === 0) {
      this.#refusals.delete(name);
      return;
    }
    const refusals = (this.#refusals.get(name) ?? 0) + 1;
    this.#refusals.set(name, refusals);
    if (refusals > REFUSALS_MAX) this.#cutOff(now);
    throw throttled(name, this.#quotas[name] ?? 0, Math.max(waitMs, this.#cutOffUntilMs - now));
  }

  /** Milliseconds to wait from now on. */
  charge(name: RateName, amount: number): number {
    return this.#bucket(name)?.take(amount, this.clock.now()) ?? 0;
  }

  waitMs(name: RateName): number {
    return this.#bucket(name)?.waitMs(this.clock.now()) ?? 0;
  }

  /** A socket or a stream; `close` ends it when the principal is cut off. Throws `THROTTLING_QUOTA_EXCEEDED`. */
  connect(close: (error: StrandlineError) => void): () => void {
    const limit = this.#quotas.connections_max;
    if (limit !== undefined && this.#connections.size >= limit) throw throttled("connections_max", limit, null);
    // A closer of its own, or two connections that are closed alike would count as one.
    const one = (error: StrandlineError): void => close(error);
    this.#connections.add(one);
    return () => void this.#connections.delete(one);
  }

  /** Forgetting it forgives nothing. */
  isIdle(): boolean {
    const now = this.clock.now();
    if (this.#connections.size > 0 || now < this.#cutOffUntilMs) return false;
    return Array.from(this.#buckets.values()).every((bucket) => bucket.isFull(now));
  }

  #cutOff(now: number): void {
    this.#refusals.clear();
    this.#cutOffUntilMs = now + CUT_OFF_MS;
    const error = throttled("cut off", 0, CUT_OFF_MS);
    const connections = [...this.#connections];
    this.#connections.clear();
    for (const close of connections) close(error);
  }

  #bucket(name: RateName): TokenBucket | null {
    const rate = this.#quotas[name];
    if (rate === undefined) return null;
    const held = this.#buckets.get(name);
    if (held?.rate === rate) return held;
    const made = new TokenBucket(rate, this.clock.now());
    this.#buckets.set(name, made);
    return made;
  }
}
