/**
 * A lock that one tab of the device holds at a time, and that a frozen tab does not keep: a Web Lock is let go when its
 * holder's realm ends, but a page that the browser freezes or parks holds on to it for hours. So whoever waits asks the
 * holder now and then whether it still runs, and takes the lock from one that does not answer.
 *
 * Nothing may rest on the lock alone: the one it was taken from learns of that only when it wakes.
 */
import type { Clock } from "../shared/clock.ts";
import type { Random } from "../shared/random.ts";
import type { DeviceNews } from "./device-news.ts";
import type { Locks } from "./ports.ts";

export interface TabLockPorts {
  readonly name: string;
  readonly locks: Locks;
  readonly news: Pick<DeviceNews, "publish" | "listen">;
  readonly clock: Clock;
  readonly random: Random;
  /** So many questions in a row stay unanswered before the lock is taken away. */
  readonly questionsMax: number;
  /** The lock manager failed, or what is done under the lock did; it is asked for again after that. */
  readonly failed: (error: unknown) => void;
  readonly retryMs: number;
  /** It is another's when it is asked for. */
  readonly waits?: () => void;
}

const ASK_EVERY_MS = 700;
/** Those who wait do not ask, and do not take, all in one moment. */
const JITTER_MS = 100;
/** Where questions never arrive, the lock is taken ever more rarely: it would go round and round. */
const QUESTIONS_MAX_GROWTH = 64;

/**
 * Holds the lock as often as it can be had, until `signal` fires; resolves then. `term` is called each time it is held, with
 * a signal that fires when it is held no longer, and holds it until it settles.
 */
export async function holdTabLock(
  ports: TabLockPorts,
  signal: AbortSignal,
  term: (over: AbortSignal) => Promise<void>,
): Promise<void> {
  const patience = new Patience(ports.questionsMax);
  while (!signal.aborted) {
    try {
      await holdOnce(ports, { signal, term, patience });
    } catch (error) {
      if (signal.aborted) return;
      ports.failed(error);
      await ports.clock.sleep(ports.retryMs, signal);
    }
  }
}

interface Holding {
  readonly signal: AbortSignal;
  readonly term: (over: AbortSignal) => Promise<void>;
  readonly patience: Patience;
}

async function holdOnce(ports: TabLockPorts, { signal, term, patience }: Holding): Promise<void> {
  const { name, locks, waits } = ports;
  const waiting = new AbortController();
  const taken = new AbortController();
  const held: { work: Promise<void> | null; ended: boolean } = { work: null, ended: false };
  const body = (): Promise<void> => {
    waiting.abort();
    held.work = asHolder(ports, () => term(AbortSignal.any([signal, taken.signal])));
    return held.work.finally(() => (held.ended = true));
  };
  const givenUp = AbortSignal.any([signal, waiting.signal]);
  const silence = untilSilent(ports, givenUp, patience).then((silent) => {
    if (silent) waiting.abort();
    return silent;
  });
  try {
    if (waits !== undefined) await locks.request(name, { ifAvailable: true }, body);
    if (held.work !== null) return;
    waits?.();
    await locks.request(name, { signal: givenUp }, body).catch(async (error: unknown) => {
      if (held.work !== null || signal.aborted || !(await silence)) throw error;
      patience.took();
      await locks.request(name, { steal: true }, body);
    });
  } catch (error) {
    if (held.work === null || held.ended) throw error;
    // Taken from us, and only now heard of: what is done under the lock comes to its end before it is asked for again.
    taken.abort();
    await held.work;
  } finally {
    waiting.abort();
  }
}

/** Answers for as long as the work lasts. */
async function asHolder({ name, news }: TabLockPorts, work: () => Promise<void>): Promise<void> {
  const answer = (): void => news.publish({ type: "lock.held", lock: name });
  const stop = news.listen((message) => {
    if (message.type === "lock.asked" && message.lock === name) answer();
  });
  // Whoever counts a predecessor's silence begins anew.
  answer();
  try {
    await work();
  } finally {
    stop();
  }
}

/** True: the holder does not answer. An answer to any tab is one to all. False: the signal fired. */
async function untilSilent(ports: TabLockPorts, signal: AbortSignal, patience: Patience): Promise<boolean> {
  const { name, news, clock, random } = ports;
  const stop = news.listen((message) => {
    if (message.type === "lock.held" && message.lock === name) patience.heard();
  });
  try {
    for (;;) {
      // Counted in rounds, not by the clock: after the machine has slept, it is time that passed and not silence.
      await clock.sleep(ASK_EVERY_MS + random.next() * JITTER_MS, signal);
      if (signal.aborted) return false;
      const next = patience.round();
      if (next === "take") return true;
      if (next === "ask") news.publish({ type: "lock.asked", lock: name });
    }
  } finally {
    stop();
  }
}

/** When to ask, and when to take. */
export class Patience {
  readonly #questionsMax: number;
  #allowed: number;
  #unanswered = 0;
  #heard = false;

  constructor(questionsMax: number) {
    this.#questionsMax = questionsMax;
    this.#allowed = questionsMax;
  }

  heard(): void {
    this.#heard = true;
    this.#unanswered = 0;
    this.#allowed = this.#questionsMax;
  }

  /** Another round has passed. */
  round(): "ask" | "wait" | "take" {
    // Somebody else asked: one question a round is enough for all.
    if (this.#heard) {
      this.#heard = false;
      return "wait";
    }
    if (this.#unanswered >= this.#allowed) return "take";
    this.#unanswered += 1;
    return "ask";
  }

  took(): void {
    this.#unanswered = 0;
    this.#allowed = Math.min(this.#allowed * 2, this.#questionsMax * QUESTIONS_MAX_GROWTH);
  }
}
