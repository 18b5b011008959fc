/**
 * Server-sent events of one partition, made in the Worker from a tail: the object's own socket hibernates, an event
 * stream served by the object would keep it awake. `id` names the record and the leader epoch it was read under, so a
 * browser that comes back by itself goes on behind it, or is told that the log went back.
 *
 *   event => "id: " offset "-" epochCounter "-" epochRandom LF "data: " RecordJson LF LF
 *   end   => "event: end" ...      the stream has lived its time: come back
 *   refused => "event: refused" LF "data: " {"error"} ...      it cannot go on
 */
import type { TailRecordsHead } from "../../shared/api/tail.ts";
import type { LeaderEpoch } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import { readEnvelope } from "../../shared/envelope.ts";
import { openBatch } from "../../shared/gzip.ts";
import { LIMITS } from "../../shared/limits.ts";
import { batches, records } from "../../shared/record-batch-decode.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { asStrandlineError } from "../http-error.ts";
import type { EdgePorts, KnownTopic } from "../operations/ports.ts";
import { recordAsJson } from "../operations/records.ts";
import { TAIL_ID_BYTES, type TailUpFrame } from "../partition/tail-frames.ts";
import { Mailbox } from "./mailbox.ts";

export interface EventPosition {
  readonly offset: number;
  readonly leaderEpoch: LeaderEpoch | null;
}

export interface EventStreamParts {
  readonly ports: EdgePorts;
  readonly clock: Clock;
  readonly topic: KnownTopic;
  readonly partition: number;
  readonly from: EventPosition;
}

type Mail = Uint8Array | TailUpFrame | "closed" | "beat";

const HEARTBEAT_MS = 15_000;
const COME_BACK_MS = 1_000;
const LATER_MS = 30_000;

/** `Last-Event-ID`: goes on behind it. Throws `INVALID_REQUEST`. */
export function positionBehind(lastEventId: string): EventPosition {
  const [, offset, counter, random] = /^(\d{1,16})-(\d{1,10})-(\d{1,10})$/.exec(lastEventId) ?? [];
  const read = Number(offset);
  if (offset === undefined || !Number.isSafeInteger(read + 1)) {
    const shown = lastEventId.slice(0, 64);
    throw new StrandlineError("INVALID_REQUEST", `Last-Event-ID ${JSON.stringify(shown)}`, { field: "Last-Event-ID" });
  }
  return { offset: read + 1, leaderEpoch: { counter: Number(counter), random: Number(random) } };
}

/** The events' bytes. Throws what the partition refuses the tail with: there is no stream then. */
export async function eventStream(parts: EventStreamParts): Promise<ReadableStream<Uint8Array>> {
  const { ports, clock, topic, partition, from } = parts;
  const mail = new Mailbox<Mail>();
  const request = { ...from, previousCrc: null, windowBytes: LIMITS.batchBytesMax, growthsPassed: null };
  const upstream = await ports.openTail(
    { topic, partition, request },
    { records: (frame) => mail.put(frame), frame: (frame) => mail.put(frame), closed: () => mail.put("closed") },
  );
  const first = await mail.take();
  if (first === "closed") throw new StrandlineError("NETWORK_EXCEPTION", "the partition's socket has closed");
  if (isRefusal(first)) throw StrandlineError.fromBody(first.error);
  const over = new AbortController();
  const endsAt = clock.now() + ports.streamMs;
  void beat(clock, over.signal, () => mail.put("beat"));
  const end = (): void => {
    over.abort();
    upstream.close();
    mail.put("beat");
  };
  const next = async (): Promise<Uint8Array | null> => {
    for (;;) {
      const one = clock.now() >= endsAt ? null : await mail.take();
      if (one === null) return utf8.encode(`event: end\nretry: ${COME_BACK_MS}\ndata: {}\n\n`);
      const text = await eventsOf(one, from.offset);
      if (one instanceof Uint8Array) upstream.send({ type: "ack", offset: headOf(one).nextOffset });
      if (text !== "") return utf8.encode(text);
    }
  };
  return streamOf({ next, end, isOver: () => clock.now() >= endsAt });
}

const utf8 = new TextEncoder();

/** Pulled by its reader: what it does not take is not acknowledged, so the partition sends no more. */
function streamOf(source: {
  readonly next: () => Promise<Uint8Array | null>;
  readonly end: () => void;
  readonly isOver: () => boolean;
}): ReadableStream<Uint8Array> {
  let ended = false;
  const end = (): void => {
    ended = true;
    source.end();
  };
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => controller.enqueue(utf8.encode(`retry: ${COME_BACK_MS}\n\n`)),
      pull: async (controller) => {
        const last = source.isOver();
        try {
          const bytes = await source.next();
          if (bytes !== null && !ended) controller.enqueue(bytes);
          if (!last || ended) return;
        } catch (thrown) {
          if (ended) return;
          const error = asStrandlineError(thrown).toBody();
          controller.enqueue(utf8.encode(`event: refused\nretry: ${LATER_MS}\ndata: ${JSON.stringify({ error })}\n\n`));
        }
        end();
        controller.close();
      },
      cancel: end,
    },
    { highWaterMark: 1 },
  );
}

async function eventsOf(mail: Mail, from: number): Promise<string> {
  if (mail === "beat") return ":\n\n";
  if (mail === "closed") throw new StrandlineError("NETWORK_EXCEPTION", "the partition's socket has closed");
  if (isRefusal(mail)) throw StrandlineError.fromBody(mail.error);
  return mail instanceof Uint8Array ? await recordEvents(mail, from) : "";
}

async function recordEvents(frame: Uint8Array, from: number): Promise<string> {
  const { leaderEpoch, bytes } = headOf(frame);
  let text = "";
  for (const batch of batches(frame.subarray(frame.length - bytes))) {
    for (const record of records(await openBatch(batch))) {
      if (record.offset < from) continue;
      text += `id: ${record.offset}-${leaderEpoch.counter}-${leaderEpoch.random}\n`;
      text += `data: ${JSON.stringify(recordAsJson(record))}\n\n`;
    }
  }
  return text;
}

function headOf(frame: Uint8Array): TailRecordsHead {
  return readEnvelope(frame.subarray(TAIL_ID_BYTES)).head as TailRecordsHead;
}

function isRefusal(mail: Mail): mail is TailUpFrame & { readonly type: "error" } {
  return typeof mail === "object" && "type" in mail && mail.type === "error";
}

/** A stream on which nothing moves is cut by whoever stands in between. */
async function beat(clock: Clock, signal: AbortSignal, put: () => void): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(HEARTBEAT_MS, signal);
    put();
  }
}
