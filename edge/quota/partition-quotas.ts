/**
 * Quotas at one partition: a principal that comes by way of many isolates meets itself here. In memory alone, so an object
 * that was evicted begins with full buckets.
 */
import type { Clock } from "../../shared/clock.ts";
import { throttled } from "./throttled.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Goes with a call to a partition where the caller has a quota, and only there. */
export interface PartitionQuota {
  readonly principal: string;
  /** Bytes a second. */
  readonly byteRate: number;
}

const PRINCIPALS_MAX = 1_000;

/** Of appends and of reads. */
export class PartitionQuotas {
  readonly #produced: Buckets;
  readonly #fetched: Buckets;

  constructor(clock: Clock, principalsMax: number = PRINCIPALS_MAX) {
    this.#produced = new Buckets(clock, "producer_byte_rate", principalsMax);
    this.#fetched = new Buckets(clock, "consumer_byte_rate", principalsMax);
  }

  /**
   * The step's answer, and in it how long to wait where its bytes went over. Throws `THROTTLING_QUOTA_EXCEEDED` before
   * the step for who was told to wait and did not.
   */
  append<Answer extends object>({ quota, bytes }: Metered & WithBytes, step: () => Answer): Throttled<Answer> {
    return quota === undefined ? step() : this.#produced.metered(quota, step, () => bytes.byteLength);
  }

  /** As of an append, by the bytes of the answer. */
  read<Answer extends WithBytes>({ quota }: Metered, step: () => Answer): Throttled<Answer> {
    return quota === undefined ? step() : this.#fetched.metered(quota, step, ({ bytes }) => bytes.byteLength);
  }
}

interface Metered {
  readonly quota?: PartitionQuota;
}

interface WithBytes {
  readonly bytes: Uint8Array;
}

type Throttled<Answer> = Answer & { readonly throttleMs?: number };

class Buckets {
  readonly #clock: Clock;
  readonly #name: "producer_byte_rate" | "consumer_byte_rate";
  readonly #principalsMax: number;
  /** Those that came last stand last. */
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(clock: Clock, name: "producer_byte_rate" | "consumer_byte_rate", principalsMax: number) {
    this.#clock = clock;
    this.#name = name;
    this.#principalsMax = principalsMax;
  }

  metered<Answer extends object>(
    quota: PartitionQuota,
    step: () => Answer,
    bytesOf: (answer: Answer) => number,
  ): Throttled<Answer> {
    const bucket = this.#bucketOf(quota);
    const owed = bucket.waitMs(this.#clock.now());
    if (owed > 0) throw throttled(this.#name, quota.byteRate, owed);
    const answer = step();
    const throttleMs = bucket.take(bytesOf(answer), this.#clock.now());
    return throttleMs === 0 ? answer : { ...answer, throttleMs };
  }

  #bucketOf({ principal, byteRate }: PartitionQuota): TokenBucket {
    const known = this.#buckets.get(principal);
    const bucket = known?.rate === byteRate ? known : new TokenBucket(byteRate, this.#clock.now());
    this.#buckets.delete(principal);
    this.#buckets.set(principal, bucket);
    for (const [oldest] of this.#buckets) {
      if (this.#buckets.size <= this.#principalsMax) break;
      this.#buckets.delete(oldest);
    }
    return bucket;
  }
}
