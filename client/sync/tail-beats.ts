/**
 * Heartbeats of members of groups, as frames of the device's tail socket where this worker has one open: they cost the
 * edge less than requests. What is not answered over it is said again by a request.
 */
import type { GroupAssignment, GroupHeartbeat } from "../../shared/api/groups.ts";
import type { TailEdgeFrame, TailHeartbeat } from "../../shared/api/tail.ts";
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { TailListener, TailSocket, TailTransport } from "./tail-transport.ts";

type HeartbeatAnswer = Extract<TailEdgeFrame, { type: "heartbeat" }>;

export class TailBeats {
  readonly #clock: Clock;
  /** By the id of the frame. Told null where the socket has ended. */
  readonly #asked = new Map<number, (answer: HeartbeatAnswer | null) => void>();
  #socket: TailSocket | null = null;
  #ids = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** As `transport`, whose sockets carry heartbeats as well. */
  over(transport: TailTransport): TailTransport {
    return {
      ticketed: transport.ticketed,
      connect: async (protocols, listener, signal) => {
        const socket = await transport.connect(protocols, this.#listening(listener), signal);
        this.#socket = socket;
        return {
          send: (text) => socket.send(text),
          close: () => {
            this.#gone(socket);
            socket.close();
          },
        };
      },
    };
  }

  /** Null: there is no socket, or none that answers in time. Rejects with what the edge says of the heartbeat. */
  async ask(group: string, heartbeat: GroupHeartbeat, timeoutMs: number): Promise<GroupAssignment | null> {
    const socket = this.#socket;
    if (socket === null) return null;
    this.#ids += 1;
    const id = this.#ids;
    const answered = new AbortController();
    const answer = await new Promise<HeartbeatAnswer | null>((resolve) => {
      this.#asked.set(id, resolve);
      void this.#clock.sleep(timeoutMs, answered.signal).then(() => resolve(null));
      socket.send(JSON.stringify({ type: "heartbeat", id, group, heartbeat } satisfies TailHeartbeat));
    });
    this.#asked.delete(id);
    answered.abort();
    if (answer === null || answer.error === null) return answer?.assignment ?? null;
    throw StrandlineError.fromBody(answer.error);
  }

  #listening(listener: TailListener): TailListener {
    return {
      received: (data) => {
        const answer = typeof data === "string" ? heartbeatIn(data) : null;
        if (answer === null) listener.received(data);
        else this.#asked.get(answer.id)?.(answer);
      },
      closed: () => {
        this.#gone(this.#socket);
        listener.closed();
      },
    };
  }

  #gone(socket: TailSocket | null): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    for (const resolve of this.#asked.values()) resolve(null);
  }
}

/** Null: it is another frame, and its reader's. */
function heartbeatIn(data: string): HeartbeatAnswer | null {
  if (!data.startsWith('{"type":"heartbeat"')) return null;
  try {
    return JSON.parse(data) as HeartbeatAnswer;
  } catch {
    return null;
  }
}
