/** What became of numbered records (`name:12`): once, in order per key, or not. */
import type { ReadRecord } from "../demo/demo-page.ts";

export interface Delivery {
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  /** Behind a later record of the same name and key. */
  readonly inverted: readonly string[];
}

/** `read` in the order of its partitions' offsets; `dead`: what ended as a dead letter. */
export function delivery(acked: ReadonlySet<string>, read: readonly ReadRecord[], dead: readonly string[]): Delivery {
  const times = new Map<string, number>();
  const last = new Map<string, number>();
  const inverted: string[] = [];
  for (const value of dead) times.set(value, (times.get(value) ?? 0) + 1);
  for (const { key, value } of read) {
    times.set(value, (times.get(value) ?? 0) + 1);
    const [name = "", number = ""] = value.split(":");
    const line = `${name} ${key}`;
    if (Number(number) < (last.get(line) ?? -1)) inverted.push(value);
    last.set(line, Math.max(Number(number), last.get(line) ?? -1));
  }
  return {
    lost: [...acked].filter((value) => !times.has(value)),
    doubled: [...times].filter(([, count]) => count > 1).map(([value]) => value),
    inverted,
  };
}
