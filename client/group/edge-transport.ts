/** What a member says to its group at the edge: heartbeats and commits, once each. Who repeats them, and when, is its loop's. */
import type { CommitOffsets, CommittedOffsets, GroupAssignment, GroupHeartbeat } from "../../shared/api/groups.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { EdgeRequest } from "../calls/admin-calls.ts";
import type { TailBeats } from "../sync/tail-beats.ts";

export interface BeatOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Rejects with what the edge says, or as `Transport` does where it says nothing: then it may have been done. */
export interface GroupTransport {
  heartbeat(heartbeat: GroupHeartbeat, options: BeatOptions): Promise<GroupAssignment>;
  /** Sent also where the page goes meanwhile. */
  leave(heartbeat: GroupHeartbeat, options: BeatOptions): Promise<void>;
  commit(commit: CommitOffsets, options: BeatOptions): Promise<CommittedOffsets>;
}

export interface GroupTransportPorts {
  readonly groupId: string;
  readonly request: (request: EdgeRequest, signal: AbortSignal) => Promise<unknown>;
  /** Null: there are no sockets here. */
  readonly beats: Pick<TailBeats, "ask"> | null;
}

/** Part of the time that a heartbeat has which the socket's answer may take: the request that follows has the rest. */
const SOCKET_PART = 1 / 3;
/** Partitions of one request: the edge refuses more than twice as many, and may ask no more of its platform. */
const COMMITTED_AT_ONCE = 500;

export function groupTransport({ groupId, request, beats }: GroupTransportPorts): GroupTransport {
  const path = `/v1/groups/${encodeURIComponent(groupId)}`;
  const post = async (what: "heartbeat" | "offsets", body: unknown, options: BeatOptions & { keepalive?: boolean }) => {
    const { timeoutMs, signal, keepalive = false } = options;
    return await request({ method: "POST", path: `${path}/${what}`, body, timeoutMs, keepalive }, signal);
  };
  return {
    async heartbeat(heartbeat, options) {
      const socketMs = Math.ceil(options.timeoutMs * SOCKET_PART);
      const told = (await beats?.ask(groupId, heartbeat, socketMs)) ?? null;
      if (told !== null) return checked(told, "assignment");
      const timeoutMs = Math.max(1, options.timeoutMs - (beats === null ? 0 : socketMs));
      return checked((await post("heartbeat", heartbeat, { ...options, timeoutMs })) as GroupAssignment, "assignment");
    },
    async leave(heartbeat, options) {
      await post("heartbeat", heartbeat, { ...options, keepalive: true });
    },
    async commit(commit, options) {
      const answers: CommittedOffsets[] = [];
      for (let at = 0; at < commit.offsets.length; at += COMMITTED_AT_ONCE) {
        const some = { ...commit, offsets: commit.offsets.slice(at, at + COMMITTED_AT_ONCE) };
        answers.push(checked((await post("offsets", some, options)) as CommittedOffsets, "offsets"));
      }
      return { offsets: answers.flatMap(({ offsets }) => offsets) };
    },
  };
}

function checked<Answer extends object>(answer: Answer, list: keyof Answer & string): Answer {
  if (typeof answer === "object" && answer !== null && Array.isArray(answer[list])) return answer;
  throw new StrandlineError("UNKNOWN_SERVER_ERROR", `the answer has no list "${list}"`);
}
