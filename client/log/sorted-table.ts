import { compareKeys } from "./key-order.ts";
import type { Entry, Key, KeyRange } from "./store.ts";

type Undo = () => void;

/** One store of `MemoryStore`: entries in key order. Each change returns the way to undo it. */
export class SortedTable {
  #entries: Entry<unknown>[];

  constructor(entries: Entry<unknown>[] = []) {
    this.#entries = entries;
  }

  get(key: Key): unknown {
    const at = this.#position(key);
    return this.#holds(at, key) ? this.#entries[at]?.value : undefined;
  }

  slice(range: KeyRange, limit: number): Entry<unknown>[] {
    const from = this.#position(range.from);
    return this.#entries.slice(from, Math.min(from + limit, this.#position(range.to)));
  }

  last(range: KeyRange): Entry<unknown> | undefined {
    const end = this.#position(range.to);
    return end > this.#position(range.from) ? this.#entries[end - 1] : undefined;
  }

  set(key: Key, value: unknown): Undo {
    const at = this.#position(key);
    const before = this.#holds(at, key)
      ? this.#entries.splice(at, 1, { key, value })
      : this.#entries.splice(at, 0, { key, value });
    return () => this.#entries.splice(this.#position(key), 1, ...before);
  }

  delete(key: Key): Undo {
    const at = this.#position(key);
    return this.#cut(at, this.#holds(at, key) ? 1 : 0);
  }

  deleteRange(range: KeyRange): Undo {
    const from = this.#position(range.from);
    return this.#cut(from, Math.max(0, this.#position(range.to) - from));
  }

  /** Stored entries never change, so that a copy may share them. */
  copy(): SortedTable {
    return new SortedTable([...this.#entries]);
  }

  #cut(at: number, count: number): Undo {
    const gone = this.#entries.splice(at, count);
    const [first] = gone;
    return () => {
      if (first !== undefined) this.#entries.splice(this.#position(first.key), 0, ...gone);
    };
  }

  #holds(at: number, key: Key): boolean {
    const entry = this.#entries[at];
    return entry !== undefined && compareKeys(entry.key, key) === 0;
  }

  /** Of the first entry that does not come before the key. */
  #position(key: Key): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const entry = this.#entries[middle];
      if (entry !== undefined && compareKeys(entry.key, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
