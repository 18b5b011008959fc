/**
 * A tail of somebody with a `consumer_byte_rate`. Its acknowledgements reach the partition once what was sent is paid
 * for: the partition sends no more than a window ahead of them, so the tail comes as slowly as it may and misses nothing.
 */
import type { Clock } from "../../shared/clock.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { PartitionTail } from "../operations/ports.ts";
import type { PrincipalMeter } from "../quota/principal-meter.ts";
import { throttled } from "../quota/throttled.ts";
import type { TailListener, TailUpstream } from "./tail-upstream.ts";

export interface PacedTailParts {
  readonly clock: Clock;
  readonly meter: PrincipalMeter;
  readonly open: (question: PartitionTail, listener: TailListener) => Promise<TailUpstream>;
}

const RATE = "consumer_byte_rate";
/** Who owes more than this is refused, rather than kept waiting for a tail to open. */
const OPEN_WAIT_MS_MAX = 30_000;

/** Throws `THROTTLING_QUOTA_EXCEEDED`, and what the partition refuses the tail with. */
export async function openPacedTail(
  { clock, meter, open }: PacedTailParts,
  question: PartitionTail,
  listener: TailListener,
): Promise<TailUpstream> {
  meter.admit("request_rate");
  meter.charge("request_rate", 1);
  const rate = meter.rate(RATE);
  if (rate === null) return await open(question, listener);
  await paid(meter, clock, rate);
  const upstream = await open(narrowed(question, rate), {
    ...listener,
    records: (frame) => {
      meter.charge(RATE, frame.byteLength);
      listener.records(frame);
    },
  });
  return heldBack(upstream, meter, clock);
}

async function paid(meter: PrincipalMeter, clock: Clock, rate: number): Promise<void> {
  const until = clock.now() + OPEN_WAIT_MS_MAX;
  for (let waitMs = meter.waitMs(RATE); waitMs > 0; waitMs = meter.waitMs(RATE)) {
    if (clock.now() + waitMs > until) throw throttled(RATE, rate, waitMs);
    await clock.sleep(waitMs);
  }
}

/** What waits unacknowledged takes room from the other readers of the partition. */
function narrowed(question: PartitionTail, rate: number): PartitionTail {
  const { request } = question;
  const windowBytes = Math.min(request.windowBytes, Math.max(LIMITS.tailFrameBytes, Math.ceil(rate)));
  return { ...question, request: { ...request, windowBytes } };
}

function heldBack(upstream: TailUpstream, meter: PrincipalMeter, clock: Clock): TailUpstream {
  const over = new AbortController();
  /** The last of those that wait says what the others do; null: none waits. */
  let offset: number | null = null;
  const sendWhenPaid = async (): Promise<void> => {
    for (let waitMs = meter.waitMs(RATE); waitMs > 0 && !over.signal.aborted; waitMs = meter.waitMs(RATE))
      await clock.sleep(waitMs, over.signal);
    if (offset !== null && !over.signal.aborted) upstream.send({ type: "ack", offset });
    offset = null;
  };
  return {
    send: (frame) => {
      if (frame.type !== "ack" || (offset === null && meter.waitMs(RATE) === 0)) {
        upstream.send(frame);
        return;
      }
      const waits = offset !== null;
      offset = frame.offset;
      if (!waits) void sendWhenPaid();
    },
    close: () => {
      over.abort();
      upstream.close();
    },
  };
}
