/**
 * Where a producer's state lies. The last bits of its id, which is a hash, say its shard: the unit of writing, of which
 * few keep recovery short. The bits before them say the page of the shard: the unit of reading, of which many keep a
 * look-up from taking much memory for little.
 */
import type { ProducerId } from "../../shared/brands.ts";

export const SHARDS = 512;
/** Of each shard. */
export const PAGES = 16;

/** Hex digits that say both. */
const PLACE_DIGITS = 4;

export function shardOf(id: ProducerId): number {
  return Number.parseInt(id.slice(-PLACE_DIGITS), 16) % SHARDS;
}

export function pageOf(id: ProducerId): number {
  return Math.floor(Number.parseInt(id.slice(-PLACE_DIGITS), 16) / SHARDS) % PAGES;
}
