import { LIMITS } from "./limits.ts";
import { StrandlineError } from "./strandline-error.ts";

const LEGAL = /^[a-zA-Z0-9._-]+$/;

/** Kafka's rule (`Topic.validate`): 1-249 of `a-z A-Z 0-9 . _ -`, not `.` or `..`. Throws `INVALID_TOPIC_EXCEPTION`. */
export function checkTopicName(name: unknown): string {
  const legal =
    typeof name === "string" &&
    name.length <= LIMITS.topicNameCharsMax &&
    LEGAL.test(name) &&
    name !== "." &&
    name !== "..";
  if (!legal) {
    const shown = typeof name === "string" ? name.slice(0, 64) : String(name);
    throw new StrandlineError("INVALID_TOPIC_EXCEPTION", `${JSON.stringify(shown)}: 1 to 249 of a-z A-Z 0-9 . _ -`, {
      topic: shown,
    });
  }
  return name;
}
