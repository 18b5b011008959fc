/** What a client says on a tail's socket. */
import { z } from "zod";
import type { TailClientFrame, TailHeartbeat } from "../../shared/api/tail.ts";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { demand, parseJsonText, tailClientFrame } from "../schemas.ts";

/** Whether the heartbeat itself is sound is said in its answer: the socket is others' as well. */
export type HeartbeatFrame = Omit<TailHeartbeat, "heartbeat"> & { readonly heartbeat?: unknown };

const heartbeatFrame: z.ZodType<HeartbeatFrame> = z.strictObject({
  type: z.literal("heartbeat"),
  id: z.int().min(0).max(0xffff_ffff),
  group: z.string(),
  heartbeat: z.unknown(),
});

/** Throws `INVALID_REQUEST`. */
export function frameOf(text: string): Exclude<TailClientFrame, TailHeartbeat> | HeartbeatFrame {
  if (text.length > LIMITS.jsonBytesMax)
    throw new StrandlineError("INVALID_REQUEST", `a frame of ${text.length} characters`);
  const said = parseJsonText(text, "the frame");
  const isBeat = typeof said === "object" && said !== null && "type" in said && said.type === "heartbeat";
  return isBeat ? demand(heartbeatFrame, said, "the frame") : demand(tailClientFrame, said, "the frame");
}
