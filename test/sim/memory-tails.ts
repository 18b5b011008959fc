/** The product's live tails over a partition in memory. */
import type { TailListener, TailUpstream } from "../../edge/tail/tail-upstream.ts";
import type { LogExtent } from "../../edge/partition/log-extent.ts";
import type { PartitionBounds, ReadAnswer, ReadRequest, TailRequest } from "../../edge/partition/partition-port.ts";
import type { PartitionReads } from "../../edge/partition/partition-reads.ts";
import type { TailUpFrame } from "../../edge/partition/tail-frames.ts";
import type { TailSocket } from "../../edge/partition/tail-state.ts";
import { Tails } from "../../edge/partition/tails.ts";
import type { Clock } from "../../shared/clock.ts";

export interface TailedLog {
  read(request: ReadRequest): ReadAnswer;
  bounds(): PartitionBounds;
}

export function tailsOf(log: TailedLog, clock: Clock): Tails {
  const reads: Pick<PartitionReads, "read" | "shared"> = {
    read: (request) => log.read(request),
    shared: (question) => log.read({ ...question, atLeastOne: true, previousCrc: null, leaderEpoch: null }),
  };
  const extent = { bounds: () => log.bounds(), growths: [] };
  return new Tails({
    reads: reads as PartitionReads,
    extent: extent as unknown as LogExtent,
    clock,
    sockets: [],
  });
}

/** As the Worker's socket to the object. */
export function openUpstream(tails: Tails, request: TailRequest, listener: TailListener): TailUpstream {
  let open = true;
  const socket: TailSocket = {
    send: (data) => {
      if (!open) return;
      if (typeof data === "string") listener.frame(JSON.parse(data) as TailUpFrame);
      else listener.records((data as Uint8Array).slice());
    },
    close: () => {
      if (open) listener.closed();
      open = false;
    },
    serializeAttachment: () => undefined,
    deserializeAttachment: () => null,
  };
  tails.open(socket, request);
  return {
    send: (frame) => {
      if (open) tails.message(socket, JSON.stringify(frame));
    },
    close: () => {
      open = false;
      tails.closed(socket);
    },
  };
}
