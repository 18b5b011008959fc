/**
 * One running consumer of a group per device: the tabs of one browser take turns by a Web Lock, with no edge to
 * ask. The others stand by and take over where the group's committed offsets are.
 */
import type { Locks } from "../ports.ts";

export class GroupLock {
  readonly #waiting = new AbortController();
  #release: (() => void) | null = null;
  #held = false;

  /** `onGranted` is called at most once. */
  constructor(locks: Locks, name: string, onGranted: () => void) {
    const asked = locks.request(name, { signal: this.#waiting.signal }, async () => {
      if (this.#waiting.signal.aborted) return;
      const released = new Promise<void>((release) => (this.#release = release));
      this.#held = true;
      onGranted();
      await released;
    });
    // Given up while waiting, or taken from us: not held in either case.
    asked.catch(() => {}).finally(() => (this.#held = false));
  }

  get held(): boolean {
    return this.#held;
  }

  release(): void {
    this.#held = false;
    this.#waiting.abort();
    this.#release?.();
  }
}
