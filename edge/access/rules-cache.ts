/**
 * The rules of each namespace, or of each key, in the memory of one isolate: for seconds as they are, a little longer while they are
 * asked for again behind the answer. Older than that nobody is served by them: a right that was taken away ends within
 * `STALE_MS` also where the controller cannot be reached.
 */
import type { Clock } from "../../shared/clock.ts";

const FRESH_MS = 5_000;
const STALE_MS = 30_000;
const ENTRIES_MAX = 1_000;

interface Entry<Rules> {
  readonly rules: Rules;
  readonly learnedAt: number;
  refreshing: boolean;
}

export class RulesCache<Rules> {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry<Rules>>();
  #changes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Rejects where they are not known and the controller cannot be asked. */
  rulesOf(of: string, ask: () => Promise<Rules>, background: (work: Promise<void>) => void): Rules | Promise<Rules> {
    const entry = this.#entries.get(of);
    const age = entry === undefined ? -1 : this.#clock.now() - entry.learnedAt;
    // A clock that was set back makes an entry old, not young.
    if (entry === undefined || age < 0 || age >= STALE_MS) return this.#asked(of, ask);
    if (age >= FRESH_MS && !entry.refreshing) {
      entry.refreshing = true;
      const refreshed = async (): Promise<void> => void (await this.#asked(of, ask));
      const ended = (): void => void (entry.refreshing = false);
      background(refreshed().then(ended, ended));
    }
    return entry.rules;
  }

  /** Whoever has just changed them looks at them as they are. */
  forget(of: string): void {
    this.#changes += 1;
    this.#entries.delete(of);
  }

  async #asked(of: string, ask: () => Promise<Rules>): Promise<Rules> {
    const [changes, askedAt] = [this.#changes, this.#clock.now()];
    const rules = await ask();
    // What was on its way as somebody changed them is good for who asked for it, and for nobody after.
    if (changes !== this.#changes) return rules;
    if (this.#entries.size >= ENTRIES_MAX) this.#entries.clear();
    this.#entries.set(of, { rules, learnedAt: askedAt, refreshing: false });
    return rules;
  }
}
