/** Time, injected so that a simulator can own it. No rule reads the wall clock by itself. */
export interface Clock {
  /** Milliseconds since 1970. May jump; decides no order, dedup, lease or fence. */
  now(): number;
  /** Resolves after `ms`, or at once when the signal aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignalLike): Promise<void>;
}

/** The part of `AbortSignal` that the rules use. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Timers fire at once for what is longer. */
export const TIMER_MS_MAX: number = 2 ** 31 - 1;
