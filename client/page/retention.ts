import { StrandlineError } from "../../shared/strandline-error.ts";
import type { Retention } from "../calls/topic-calls.ts";

const LIMITS = ["ms", "bytes", "records"] as const;

/** Null: nothing was said. */
export function checkRetention(topic: string, retention: Retention | undefined): Retention | null {
  if (retention === undefined) return null;
  for (const name of LIMITS) {
    const limit = retention[name];
    if (limit !== undefined && (!Number.isSafeInteger(limit) || limit < 0))
      throw new StrandlineError("INVALID_ARGUMENT", `retention.${name} ${String(limit)} of ${topic}`, {
        topic,
        option: `retention.${name}`,
      });
  }
  return Object.fromEntries(LIMITS.flatMap((name) => (retention[name] === undefined ? [] : [[name, retention[name]]])));
}
