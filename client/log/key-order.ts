/** IndexedDB's order of the keys we use: numbers before strings before arrays, arrays element by element. */
import type { Key } from "./store.ts";

type Part = string | number;

/** Below 0 where `a` comes first. Source: Indexed Database API 3.0, "compare two keys". */
export function compareKeys(a: Key, b: Key): number {
  if (typeof a === "object" && typeof b === "object") return compareArrays(a, b);
  if (typeof a === "object") return 1;
  if (typeof b === "object") return -1;
  return compareParts(a, b);
}

function compareArrays(a: readonly Part[], b: readonly Part[]): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index += 1) {
    const order = compareParts(a[index] as Part, b[index] as Part);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareParts(a: Part, b: Part): number {
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
