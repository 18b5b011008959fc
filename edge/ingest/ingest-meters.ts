/** The quotas of ingest keys, in the memory of one isolate: what is in debt is refused until it is paid for. */
import type { IngestQuota } from "../../shared/api/ingest-keys.ts";
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { TokenBucket } from "../quota/token-bucket.ts";

const METERS_MAX = 10_000;

type RateName = keyof IngestQuota;

export class IngestMeters {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `of`: the key, in all namespaces. Throws `THROTTLING_QUOTA_EXCEEDED`; then it takes nothing. */
  take(of: string, name: RateName, quota: IngestQuota | null, amount: number): void {
    const rate = quota?.[name];
    if (rate === undefined) return;
    const now = this.#clock.now();
    const bucket = this.#bucket(`${name} ${of}`, rate, now);
    const retryAfterMs = bucket.waitMs(now);
    if (retryAfterMs === 0) return void bucket.take(amount, now);
    const said = `${name} of the ingest key is ${rate}; in ${retryAfterMs} ms`;
    throw new StrandlineError("THROTTLING_QUOTA_EXCEEDED", said, { quota: name, limit: rate, retryAfterMs });
  }

  #bucket(name: string, rate: number, now: number): TokenBucket {
    const known = this.#buckets.get(name);
    if (known?.rate === rate) return known;
    if (this.#buckets.size >= METERS_MAX) this.#forgetFull(now);
    const made = new TokenBucket(rate, now);
    this.#buckets.set(name, made);
    return made;
  }

  /** A bucket that is full is as good as none. Where none is, the oldest goes: room is not to be had by owing. */
  #forgetFull(now: number): void {
    for (const [name, bucket] of this.#buckets) if (bucket.isFull(now)) this.#buckets.delete(name);
    for (const name of this.#buckets.keys()) {
      if (this.#buckets.size < METERS_MAX) return;
      this.#buckets.delete(name);
    }
  }
}
