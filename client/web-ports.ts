/** The rim: the ports over what a page or a worker really has. Only entries and tests import this. */
import { TIMER_MS_MAX, type AbortSignalLike, type Clock } from "../shared/clock.ts";
import type { Random } from "../shared/random.ts";
import { StrandlineError } from "../shared/strandline-error.ts";
import type { Lifecycle, LockOptions, Locks, PagePersistence, StorageEstimate } from "./ports.ts";

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms: number, signal?: AbortSignalLike) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(ms, TIMER_MS_MAX));
      signal?.addEventListener("abort", done, { once: true });
    }),
};

/** Without the four milliseconds that nested timers wait. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** Once the page has nothing better to do; Safari does not tell when that is. */
export function whenIdle(work: () => void): void {
  if (typeof requestIdleCallback === "function") requestIdleCallback(work, { timeout: 5_000 });
  else setTimeout(work, 2_000);
}

export const cryptoRandom: Random = {
  next: () => Math.random(),
  bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
};

/** Web Locks exist in secure contexts only (https, or localhost). */
export function webLocks(): Locks {
  const manager = typeof navigator === "undefined" ? undefined : navigator.locks;
  if (manager === undefined)
    throw new StrandlineError(
      "UNSUPPORTED_OPERATION",
      "Web Locks are missing: serve the page over https or from localhost",
    );
  return {
    async request(name: string, options: LockOptions, body: () => Promise<void>): Promise<void> {
      await manager.request(name, options, async (lock) => {
        if (lock !== null) await body();
      });
    },
  };
}

/** Asks for a `sync` event in the service worker of this page. Rejects where there is none. */
export async function registerBackgroundSync(tag: string): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration();
  const { sync } = (registration ?? {}) as { readonly sync?: { register(tag: string): Promise<void> } };
  if (sync === undefined) throw new StrandlineError("UNSUPPORTED_OPERATION", "there is no Background Sync here");
  await sync.register(tag);
}

/** Of a page. A worker hears of most of these late or never, so the page forwards them. */
export function pageLifecycle(): Lifecycle {
  return {
    onHint(listener: () => void): () => void {
      if (typeof window === "undefined") return () => {};
      const visible = (): void => {
        if (document.visibilityState === "visible") listener();
      };
      window.addEventListener("online", listener);
      window.addEventListener("pageshow", listener);
      document.addEventListener("visibilitychange", visible);
      return () => {
        window.removeEventListener("online", listener);
        window.removeEventListener("pageshow", listener);
        document.removeEventListener("visibilitychange", visible);
      };
    },
    onParked(listener: (parked: boolean) => void): () => void {
      if (typeof window === "undefined") return () => {};
      const hear = (event: PageTransitionEvent): void => {
        if (event.type === "pagehide" || event.persisted) listener(event.type === "pagehide");
      };
      window.addEventListener("pagehide", hear);
      window.addEventListener("pageshow", hear);
      return () => {
        window.removeEventListener("pagehide", hear);
        window.removeEventListener("pageshow", hear);
      };
    },
    onHidden(listener: () => void): () => void {
      if (typeof document === "undefined") return () => {};
      const hidden = (): void => {
        if (document.visibilityState === "hidden") listener();
      };
      document.addEventListener("visibilitychange", hidden);
      return () => document.removeEventListener("visibilitychange", hidden);
    },
  };
}

/** Also where there is no page. */
export function pageIsVisible(): boolean {
  return typeof document === "undefined" || document.visibilityState === "visible";
}

export const browserStorage: StorageEstimate = {
  async estimate() {
    const manager = typeof navigator === "undefined" ? undefined : navigator.storage;
    if (typeof manager?.estimate !== "function") return null;
    try {
      const { usage, quota } = await manager.estimate();
      return usage === undefined || quota === undefined ? null : { usageBytes: usage, quotaBytes: quota };
    } catch {
      // An opaque origin, or storage that is switched off.
      return null;
    }
  },
};

const ASKED = "strandline:persist";

/** Of a page: workers may not ask, and know nothing of gestures. */
export const pageStorage: PagePersistence = {
  async persist() {
    const manager = typeof navigator === "undefined" ? undefined : navigator.storage;
    if (typeof manager?.persist !== "function") return false;
    return (await manager.persisted()) || (await manager.persist());
  },
  inGesture: () => typeof navigator !== "undefined" && navigator.userActivation?.isActive === true,
  asked: () => quietly(() => localStorage.getItem(ASKED) !== null) ?? false,
  remember: (asked) => quietly(() => (asked ? localStorage.setItem(ASKED, "asked") : localStorage.removeItem(ASKED))),
};

/** localStorage throws where its user has switched it off. */
function quietly<Result>(body: () => Result): Result | undefined {
  try {
    return body();
  } catch {
    return undefined;
  }
}

/** By which people tell devices apart: a browser and its system, without what changes with every update. */
export function browserLabel(): string {
  return navigator.userAgent.replaceAll(/[\d._]+/g, "").slice(0, 200);
}

/** Of all engines it alone has client hints, in secure contexts. */
export function isChromium(): boolean {
  return typeof navigator !== "undefined" && "userAgentData" in navigator;
}
