/** How full the origin's storage is, with hysteresis: what is about a border does not change its level with every write. */

export type StorageLevel = "ok" | "pressure" | "critical";

export interface StorageUsage {
  readonly usageBytes: number;
  readonly quotaBytes: number;
}

/** Shares of the quota: where a level begins, and below what it ends. */
const PRESSURE = { begins: 0.8, ends: 0.7 };
const CRITICAL = { begins: 0.95, ends: 0.9 };
/** Kept for what makes room: answers of the edge are written before anything can be deleted. */
const RESERVE = { share: 0.02, bytesMax: 4 * 1024 * 1024 };

export function nextLevel(level: StorageLevel, { usageBytes, quotaBytes }: StorageUsage): StorageLevel {
  const share = quotaBytes > 0 ? usageBytes / quotaBytes : 1;
  if (share >= CRITICAL.begins || (level === "critical" && share >= CRITICAL.ends)) return "critical";
  if (share >= PRESSURE.begins || (level !== "ok" && share >= PRESSURE.ends)) return "pressure";
  return "ok";
}

/** What has to go until there is no pressure. */
export function excessBytes({ usageBytes, quotaBytes }: StorageUsage): number {
  return Math.max(0, Math.ceil(usageBytes - quotaBytes * PRESSURE.ends) + 1);
}

/** What may be written before one has to look again. */
export function bytesBeforePressure({ usageBytes, quotaBytes }: StorageUsage): number {
  return Math.max(0, quotaBytes * PRESSURE.begins - usageBytes);
}

/** Whether so many bytes may be tried at all. */
export function mayFit({ usageBytes, quotaBytes }: StorageUsage, bytes: number): boolean {
  return usageBytes + bytes <= quotaBytes - Math.min(quotaBytes * RESERVE.share, RESERVE.bytesMax);
}
