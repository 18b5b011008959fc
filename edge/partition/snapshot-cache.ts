/** The pages that were last looked into, as they lie in storage: those used longest ago go first. */
import type { ProducerSnapshot } from "./producer-snapshot.ts";

export class SnapshotCache {
  readonly #bytesMax: number;
  /** By key; used last, stands last. */
  readonly #snapshots = new Map<number, ProducerSnapshot>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get byteLength(): number {
    return this.#bytes;
  }

  has(key: number): boolean {
    return this.#snapshots.has(key);
  }

  get(key: number): ProducerSnapshot | undefined {
    const snapshot = this.#snapshots.get(key);
    if (snapshot === undefined) return undefined;
    this.#snapshots.delete(key);
    this.#snapshots.set(key, snapshot);
    return snapshot;
  }

  put(key: number, snapshot: ProducerSnapshot): void {
    this.delete(key);
    this.#snapshots.set(key, snapshot);
    this.#bytes += snapshot.bytes.length;
    for (const oldest of this.#snapshots.keys()) {
      if (this.#bytes <= this.#bytesMax) return;
      this.delete(oldest);
    }
  }

  delete(key: number): void {
    this.#bytes -= this.#snapshots.get(key)?.bytes.length ?? 0;
    this.#snapshots.delete(key);
  }
}
