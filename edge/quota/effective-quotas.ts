/** Which quotas bind a principal: each by itself, its own before `<default>`'s before the edge's. */
import { DEFAULT_ENTITY, type EntityQuotas, type QuotaName, type Quotas } from "../../shared/api/quotas.ts";

export function entityOf(principal: string): string {
  return `User:${principal}`;
}

/** Null: none does. */
export function effectiveQuotas(
  principal: string,
  stored: readonly EntityQuotas[],
  edgeWide: Quotas | null,
): Quotas | null {
  if (stored.length === 0) return edgeWide;
  const byEntity = indexOf(stored);
  const merged = { ...edgeWide, ...byEntity.get(DEFAULT_ENTITY), ...byEntity.get(entityOf(principal)) };
  return Object.keys(merged).length === 0 ? null : merged;
}

/** Each answer of the controller is looked into by many requests. */
const indices = new WeakMap<readonly EntityQuotas[], ReadonlyMap<string, Quotas>>();

function indexOf(stored: readonly EntityQuotas[]): ReadonlyMap<string, Quotas> {
  const known = indices.get(stored);
  if (known !== undefined) return known;
  const made = new Map(stored.map(({ entity, quotas }) => [entity, quotas]));
  indices.set(stored, made);
  return made;
}

/** A rate of nothing would owe for ever. */
export function isQuotaValue(name: QuotaName, value: number): boolean {
  if (!Number.isFinite(value) || value > Number.MAX_SAFE_INTEGER) return false;
  return name.endsWith("_rate") ? value > 0 : Number.isInteger(value) && value >= 0;
}
