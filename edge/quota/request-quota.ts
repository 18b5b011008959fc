/** The quotas of one request's caller. Operations ask it before they begin; what goes through the ports is charged there. */
import type { StrandlineError } from "../../shared/strandline-error.ts";
import type { PartitionQuota } from "./partition-quotas.ts";
import type { PrincipalMeter, RateName } from "./principal-meter.ts";

export interface QuotaPort {
  /** How long the caller is to wait before it comes back; 0: not at all. */
  readonly throttleMs: number;
  /** Once for each request: what was begun is carried out. Throws `THROTTLING_QUOTA_EXCEEDED`. */
  admit(name: RateName): void;
  charge(name: RateName, amount: number): void;
  /**
   * What a request that goes on for long waits before its next part, since it is admitted once; 0: nothing. By what a
   * partition has told as well, which knows of other isolates.
   */
  waitMs(name: RateName): number;
  /** A partition has charged as well. */
  told(throttleMs: number): void;
  /** What a partition is to go by; undefined: there is no such quota. */
  ofPartition(name: RateName): PartitionQuota | undefined;
  /** A socket or a stream, counted until the answer is called. Throws `THROTTLING_QUOTA_EXCEEDED`. */
  connect(close: (error: StrandlineError) => void): () => void;
}

const nothing = (): void => undefined;

/** Of whoever is bound by none. */
export const NO_QUOTA: QuotaPort = {
  throttleMs: 0,
  admit: nothing,
  charge: nothing,
  waitMs: () => 0,
  told: nothing,
  ofPartition: () => undefined,
  connect: () => nothing,
};

export class RequestQuota implements QuotaPort {
  readonly #principal: string;
  readonly #meter: PrincipalMeter;
  readonly #admitted = new Set<RateName>();
  #throttleMs = 0;
  #toldUntilMs = Number.NEGATIVE_INFINITY;

  constructor(principal: string, meter: PrincipalMeter) {
    this.#principal = principal;
    this.#meter = meter;
  }

  get throttleMs(): number {
    return this.#throttleMs;
  }

  admit(name: RateName): void {
    if (this.#admitted.has(name)) return;
    this.#meter.admit(name);
    this.#admitted.add(name);
  }

  charge(name: RateName, amount: number): void {
    this.#throttleMs = Math.max(this.#throttleMs, this.#meter.charge(name, amount));
  }

  waitMs(name: RateName): number {
    return Math.max(this.#meter.waitMs(name), this.#toldUntilMs - this.#meter.clock.now(), 0);
  }

  told(throttleMs: number): void {
    this.#throttleMs = Math.max(this.#throttleMs, throttleMs);
    this.#toldUntilMs = Math.max(this.#toldUntilMs, this.#meter.clock.now() + throttleMs);
  }

  ofPartition(name: RateName): PartitionQuota | undefined {
    const byteRate = this.#meter.rate(name);
    return byteRate === null ? undefined : { principal: this.#principal, byteRate };
  }

  connect(close: (error: StrandlineError) => void): () => void {
    return this.#meter.connect(close);
  }
}
