/** What a client says on a tail's socket. */
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { demand, parseJsonText, tailClientFrame, type CheckedFrame } from "../schemas.ts";

export type HeartbeatFrame = Extract<CheckedFrame, { readonly type: "heartbeat" }>;

/** Throws `INVALID_REQUEST`. */
export function frameOf(text: string): CheckedFrame {
  if (text.length > LIMITS.jsonBytesMax)
    throw new StrandlineError("INVALID_REQUEST", `a frame of ${text.length} characters`);
  return demand(tailClientFrame, parseJsonText(text, "the frame"), "the frame");
}
