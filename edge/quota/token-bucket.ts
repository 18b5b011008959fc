/** A rate with a burst. What goes over is carried out and owed: until it is paid for, nothing more is. */

/** A bucket is full with what ten seconds give, as Kafka measures rates over some ten samples of a second. */
export const BURST_SECONDS = 10;

export class TokenBucket {
  /** Units a second. */
  readonly rate: number;
  /** Thousandths: a millisecond gives as many as the rate, so what is whole stays whole. */
  #tokens: number;
  #filledAtMs: number;

  /** `nowMs`: of a clock that is handed to every call. */
  constructor(rate: number, nowMs: number) {
    this.rate = rate;
    this.#tokens = this.#capacity;
    this.#filledAtMs = nowMs;
  }

  get #capacity(): number {
    return this.rate * BURST_SECONDS * 1_000;
  }

  /** Milliseconds until all is paid for; 0: something may be taken. */
  waitMs(nowMs: number): number {
    this.#fill(nowMs);
    return this.#tokens >= 0 ? 0 : Math.ceil(-this.#tokens / this.rate);
  }

  /** However much it is. The wait after it. */
  take(amount: number, nowMs: number): number {
    this.#fill(nowMs);
    this.#tokens -= amount * 1_000;
    return this.waitMs(nowMs);
  }

  isFull(nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#tokens >= this.#capacity;
  }

  #fill(nowMs: number): void {
    // A clock that was set back gives nothing, and takes nothing.
    const sinceMs = Math.max(0, nowMs - this.#filledAtMs);
    this.#filledAtMs = nowMs;
    this.#tokens = Math.min(this.#capacity, this.#tokens + sinceMs * this.rate);
  }
}
