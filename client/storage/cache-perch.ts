/** Notes in the Cache API. Part of the rim. */
import type { CanaryNote, CanaryPerch } from "./canary.ts";

const CACHE_PREFIX = "strandline:";
/** Never fetched: an address is what a cache knows its entries by. */
const ADDRESS = "https://strandline.invalid/device";

/** Null where there is no such cache: the loss of a database is then not noticed. */
export function cachePerch(database: string): CanaryPerch | null {
  if (typeof caches === "undefined") return null;
  const name = CACHE_PREFIX + database;
  return {
    async read() {
      // `open` would make it.
      if (!(await caches.has(name))) return null;
      const found = await (await caches.open(name)).match(ADDRESS);
      return found === undefined ? null : noteOf(await found.json().catch(() => null));
    },
    async write(note) {
      await (await caches.open(name)).put(ADDRESS, Response.json(note));
    },
    async remove() {
      await caches.delete(name);
    },
  };
}

function noteOf(value: unknown): CanaryNote | null {
  if (typeof value !== "object" || value === null) return null;
  const { deviceId, unsyncedRecords, since } = value as Record<string, unknown>;
  if (typeof deviceId !== "string" || typeof unsyncedRecords !== "number" || typeof since !== "number") return null;
  return { deviceId, unsyncedRecords, since };
}
