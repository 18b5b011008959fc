/** The latest offset of each key in a part of the log: what a pass of compaction knows (Kafka's `OffsetMap`). */
import { COMPACTION_LIMITS } from "./compaction-limits.ts";

/** `fromCharCode` takes its characters as arguments, and an engine's stack takes only so many. */
const CHARS_PER_CALL_MAX = 8_192;

export class OffsetMap {
  readonly #latest = new Map<string, number>();
  readonly #keysMax: number;
  readonly #bytesMax: number;
  #bytes = 0;

  constructor({
    mapKeysMax,
    mapKeyBytesMax,
  }: { readonly mapKeysMax: number; readonly mapKeyBytesMax: number } = COMPACTION_LIMITS) {
    this.#keysMax = mapKeysMax;
    this.#bytesMax = mapKeyBytesMax;
  }

  get size(): number {
    return this.#latest.size;
  }

  /** False: it is full, and stays as it was. The first key always fits, so that every pass comes further. */
  put(key: Uint8Array, offset: number): boolean {
    const name = nameOf(key);
    const before = this.#latest.get(name);
    if (before === undefined) {
      const full = this.#latest.size >= this.#keysMax || this.#bytes + key.length > this.#bytesMax;
      if (full && this.#latest.size > 0) return false;
      this.#bytes += key.length;
    }
    if (before === undefined || before < offset) this.#latest.set(name, offset);
    return true;
  }

  /** -1: no such key. */
  latest(key: Uint8Array): number {
    return this.#latest.get(nameOf(key)) ?? -1;
  }
}

/**
 * A character for each byte: exact, one byte in memory, and hashed by the engine with a seed of its own, so that nobody
 * can choose keys that collide.
 */
function nameOf(key: Uint8Array): string {
  if (key.length <= CHARS_PER_CALL_MAX) return charsOf(key);
  const parts: string[] = [];
  for (let at = 0; at < key.length; at += CHARS_PER_CALL_MAX) {
    parts.push(charsOf(key.subarray(at, at + CHARS_PER_CALL_MAX)));
  }
  return parts.join("");
}

function charsOf(bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}
