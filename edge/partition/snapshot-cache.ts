/** The snapshots that were last looked into, as they lie in storage: those used longest ago go first. */
import type { ProducerSnapshot } from "./producer-snapshot.ts";

export class SnapshotCache {
  readonly #bytesMax: number;
  /** By shard; used last, stands last. */
  readonly #snapshots = new Map<number, ProducerSnapshot>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get byteLength(): number {
    return this.#bytes;
  }

  get(shard: number): ProducerSnapshot | undefined {
    const snapshot = this.#snapshots.get(shard);
    if (snapshot === undefined) return undefined;
    this.#snapshots.delete(shard);
    this.#snapshots.set(shard, snapshot);
    return snapshot;
  }

  put(shard: number, snapshot: ProducerSnapshot): void {
    this.delete(shard);
    this.#snapshots.set(shard, snapshot);
    this.#bytes += snapshot.bytes.length;
    for (const oldest of this.#snapshots.keys()) {
      if (this.#bytes <= this.#bytesMax) return;
      this.delete(oldest);
    }
  }

  delete(shard: number): void {
    this.#bytes -= this.#snapshots.get(shard)?.bytes.length ?? 0;
    this.#snapshots.delete(shard);
  }
}
