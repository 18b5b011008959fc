/** Heartbeats of members of groups on a tail's socket: as over HTTP, without a request for each. */
import type { TailEdgeFrame } from "../../shared/api/tail.ts";
import { groupHeartbeat } from "../group-schemas.ts";
import { asStrandlineError } from "../http-error.ts";
import { heartbeat } from "../operations/groups.ts";
import type { EdgePorts } from "../operations/ports.ts";
import { throttled } from "../quota/throttled.ts";
import { demand } from "../schemas.ts";
import type { HeartbeatFrame } from "./client-frames.ts";

/** Never rejects: what is refused is its answer, and ends nothing else on the socket. */
export async function answerHeartbeat(ports: EdgePorts, frame: HeartbeatFrame): Promise<TailEdgeFrame> {
  const { id, group } = frame;
  try {
    demandTurn(ports);
    const asked = demand(groupHeartbeat, frame.heartbeat, "the heartbeat");
    const assignment = await heartbeat(ports, group, asked);
    return { type: "heartbeat", id, group, assignment, error: null };
  } catch (thrown) {
    const error = asStrandlineError(thrown);
    ports.refused(error.code);
    return { type: "heartbeat", id, group, assignment: null, error: error.toBody() };
  }
}

/** It counts as a request. Throws `THROTTLING_QUOTA_EXCEEDED`. */
function demandTurn({ quota }: EdgePorts): void {
  const waitMs = quota.waitMs("request_rate");
  if (waitMs > 0) throw throttled("request_rate", quota.ofPartition("request_rate")?.byteRate ?? 0, waitMs);
  quota.charge("request_rate", 1);
}
