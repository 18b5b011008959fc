/**
 * What the client needs of the browser besides a store and a network, as ports: a simulator owns them, the rim
 * (`web-ports.ts`) implements them. `Clock` and `Random` are in `shared/`.
 */
export interface LockOptions {
  readonly mode?: "exclusive" | "shared";
  /** Where the lock is held elsewhere, `request` resolves without having called the body. */
  readonly ifAvailable?: boolean;
  /** Takes the lock from its holder, whose `request` rejects with an `AbortError` while its body may still run. */
  readonly steal?: boolean;
  /** Gives up waiting; has no effect once the lock is granted. */
  readonly signal?: AbortSignal;
}

/**
 * Named locks over all tabs and workers of one origin, with the promises of Web Locks: fair, held until the body
 * settles, let go when the holder's realm ends however it ends.
 */
export interface Locks {
  /** Settles with the body. Rejects with an `AbortError` when `signal` fires first, or when the lock was stolen. */
  request(name: string, options: LockOptions, body: () => Promise<void>): Promise<void>;
}

/** `online`, `visibilitychange`, `pageshow`: they speed things up and decide nothing. */
export interface Lifecycle {
  /** Returns the way to stop listening. */
  onHint(listener: () => void): () => void;
  /** The page goes, for good or where the browser may restore it from as it was (true), or has come back from there. */
  onParked(listener: (parked: boolean) => void): () => void;
  /** The page may end without another word. */
  onHidden(listener: () => void): () => void;
}

/** What the browser says of the origin's storage: `navigator.storage.estimate`. Null: it says nothing (WebKit). */
export interface StorageEstimate {
  estimate(): Promise<{ readonly usageBytes: number; readonly quotaBytes: number } | null>;
}

/** Asking the browser not to evict this origin. */
export interface PagePersistence {
  persist(): Promise<boolean>;
  /** Firefox shows its user a question: not out of the blue. */
  inGesture(): boolean;
  asked(): boolean;
  remember(asked: boolean): void;
}
