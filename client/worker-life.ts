/**
 * Nothing fires when a worker dies, and calls to it then hang for ever. So the worker holds a Web Lock for as long
 * as it lives, and the page asks for the same lock: being granted it is the news of the death.
 */
import type { Locks } from "./ports.ts";

export function lifeLockName(unique: string): string {
  return `strandline:worker:${unique}`;
}

/** Resolves once the lock is held. It is held until `end` is called or this realm ends. */
export function holdLife(locks: Locks, name: string): Promise<{ end(): void }> {
  return new Promise((resolve, reject) => {
    const holding = locks.request(name, {}, () => new Promise<void>((end) => resolve({ end })));
    holding.catch(reject);
  });
}

/** Calls `onDeath` once, unless the watch is stopped before. */
export function watchLife(locks: Locks, name: string, onDeath: () => void): { stop(): void } {
  const watching = new AbortController();
  const asked = locks.request(name, { signal: watching.signal }, async () => onDeath());
  // Stopping aborts the wait. A lock that fails in any other way cannot prove life either.
  asked.catch(() => {
    if (!watching.signal.aborted) onDeath();
  });
  return { stop: () => watching.abort() };
}
