/** Sends that wait for their turn, in order. Each leaves when its time is over, or its signal fires: nothing of it is stored. */
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { aborted } from "./abort.ts";
import type { PreparedSend, StoredRecords } from "./packer.ts";

export interface Waiting {
  readonly send: PreparedSend;
  readonly resolve: (stored: StoredRecords[]) => void;
  readonly reject: (error: unknown) => void;
}

export class SendQueue {
  readonly #clock: Clock;
  readonly #onLeft: () => void;
  /** When each has to leave. In the order in which they came. */
  readonly #waiting = new Map<Waiting, number>();
  /** The same in a list, from `#first` on, where those that left have not been passed by yet: a map steps over all that it deleted to find its first. */
  #line: Waiting[] = [];
  #first = 0;
  /** One timer for all: thousands may wait. */
  #timer: { readonly at: number; readonly stop: AbortController } | null = null;

  /** `onLeft`: those behind one that left may be able to go on. */
  constructor(clock: Clock, onLeft: () => void) {
    this.#clock = clock;
    this.#onLeft = onLeft;
  }

  get empty(): boolean {
    return this.#waiting.size === 0;
  }

  get head(): Waiting | undefined {
    for (; this.#first < this.#line.length; this.#first += 1) {
      const waiting = this.#line[this.#first];
      if (waiting !== undefined && this.#waiting.has(waiting)) return waiting;
    }
    return undefined;
  }

  add(waiting: Waiting): void {
    const { timeoutMs, signal } = waiting.send;
    const at = this.#clock.now() + timeoutMs;
    this.#waiting.set(waiting, at);
    this.#line.push(waiting);
    signal?.addEventListener(
      "abort",
      () => this.#leave(waiting, aborted("nothing was stored", signal, { stored: false })),
      { once: true },
    );
    if (this.#timer === null || at < this.#timer.at) this.#watch(at);
  }

  /** False: it has left. */
  take(waiting: Waiting): boolean {
    const there = this.#waiting.delete(waiting);
    if (this.empty) {
      this.#line = [];
      this.#first = 0;
      this.#stop();
    }
    return there;
  }

  #leave(waiting: Waiting, error: StrandlineError): void {
    if (!this.take(waiting)) return;
    waiting.reject(error);
    this.#onLeft();
  }

  #watch(at: number): void {
    this.#stop();
    const stop = new AbortController();
    this.#timer = { at, stop };
    void this.#clock.sleep(Math.max(0, at - this.#clock.now()), stop.signal).then(() => {
      if (stop.signal.aborted) return;
      this.#timer = null;
      this.#expire();
    });
  }

  #expire(): void {
    const now = this.#clock.now();
    for (const [waiting, at] of [...this.#waiting].toSorted(([, a], [, b]) => a - b)) {
      const { timeoutMs } = waiting.send;
      const said = `nothing was stored: the send waited ${timeoutMs} ms for its turn`;
      if (at <= now) this.#leave(waiting, new StrandlineError("REQUEST_TIMED_OUT", said, { timeoutMs }));
    }
    const next = Math.min(...this.#waiting.values());
    if (Number.isFinite(next) && this.#timer === null) this.#watch(next);
  }

  #stop(): void {
    this.#timer?.stop.abort();
    this.#timer = null;
  }
}
