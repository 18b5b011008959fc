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
import { demandPermission } from "../access/access.ts";
import { asStrandlineError } from "../http-error.ts";
import { attempt } from "../outcome.ts";
import type { EdgePorts, KnownTopic } from "../operations/ports.ts";
import { recordAsJson } from "../operations/records.ts";
import { TAIL_ID_BYTES, type TailUpFrame } from "../partition/tail-frames.ts";
import { lookAgainInMs } from "./look-again.ts";
import { Mailbox } from "./mailbox.ts";
import type { TailUpstream } from "./tail-upstream.ts";

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

type Mail = Uint8Array | TailUpFrame | "closed" | "beat" | "over";

const HEARTBEAT_MS = 15_000;
const COME_BACK_MS = 1_000;
const LATER_MS = 30_000;
const PART_CHARS = 65_536;

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
  const disconnected = ports.quota.connect((error) => mail.put({ type: "error", error: error.toBody() }));
  const upstream = await opened(
    async () =>
      await ports.openTail(
        { topic, partition, request },
        { records: (frame) => mail.put(frame), frame: (frame) => mail.put(frame), closed: () => mail.put("closed") },
      ),
    mail,
  ).catch((thrown: unknown) => {
    disconnected();
    throw thrown;
  });
  const over = new AbortController();
  const endsAt = clock.now() + ports.streamMs;
  const end = (): void => {
    disconnected();
    over.abort();
    upstream.close();
    mail.put("closed");
  };
  // Its time ends also for a reader that takes nothing, and would keep the partition's socket.
  void beat({ clock, endsAt, signal: over.signal, put: () => mail.put("beat") }).then(() => {
    disconnected();
    upstream.close();
  });
  const mayGoOn = (): void => {
    const refusal = ports.standing.refusal();
    if (refusal !== null) throw refusal;
    demandPermission(ports.standing, "records", topic.name);
  };
  void lookAgain({ parts, endsAt, signal: over.signal, mayGoOn }).then((isOver) => {
    if (isOver) mail.put("over");
    if (isOver) upstream.close();
  });
  return streamOf(events({ mail, upstream, clock, endsAt, from: from.offset, mayGoOn }), end);
}

/** Open, and not refused at once. */
async function opened(open: () => Promise<TailUpstream>, mail: Mailbox<Mail>): Promise<TailUpstream> {
  const upstream = await open();
  const first = await mail.take();
  if (first === "closed") throw socketClosed();
  if (isRefusal(first)) throw StrandlineError.fromBody(first.error);
  return upstream;
}

const utf8 = new TextEncoder();

/** Pulled by its reader: what it does not take is not acknowledged, so the partition sends no more. */
function streamOf(source: AsyncGenerator<string, void>, end: () => void): ReadableStream<Uint8Array> {
  let ended = false;
  const cancel = (): void => {
    ended = true;
    end();
  };
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => controller.enqueue(utf8.encode(`retry: ${COME_BACK_MS}\n\n`)),
      pull: async (controller) => {
        const { text, last } = await nextOf(source);
        if (ended) return;
        controller.enqueue(utf8.encode(text));
        if (!last) return;
        cancel();
        controller.close();
      },
      cancel,
    },
    { highWaterMark: 1 },
  );
}

async function nextOf(
  source: AsyncGenerator<string, void>,
): Promise<{ readonly text: string; readonly last: boolean }> {
  try {
    const next = await source.next();
    if (next.done !== true) return { text: next.value, last: false };
    return { text: `event: end\nretry: ${COME_BACK_MS}\ndata: {}\n\n`, last: true };
  } catch (thrown) {
    const error = asStrandlineError(thrown).toBody();
    return { text: `event: refused\nretry: ${LATER_MS}\ndata: ${JSON.stringify({ error })}\n\n`, last: true };
  }
}

/** Until the stream's time is over. Throws what ends it before. */
async function* events(source: {
  readonly mail: Mailbox<Mail>;
  readonly upstream: TailUpstream;
  readonly clock: Clock;
  readonly endsAt: number;
  readonly from: number;
  /** Throws what the credential or the rules no longer allow. */
  readonly mayGoOn: () => void;
}): AsyncGenerator<string, void> {
  const { mail, upstream, clock, endsAt, from, mayGoOn } = source;
  while (clock.now() < endsAt) {
    const one = await mail.take();
    mayGoOn();
    if (one === "closed") throw socketClosed();
    if (one === "beat") yield ":\n\n";
    else if (isRefusal(one)) throw StrandlineError.fromBody(one.error);
    else if (one instanceof Uint8Array) {
      for await (const part of recordEvents(one, from)) {
        mayGoOn();
        yield part;
      }
      upstream.send({ type: "ack", offset: headOf(one).nextOffset });
    }
  }
}

/** In parts: a frame of small gzip batches may hold a thousand times its size. */
async function* recordEvents(frame: Uint8Array, from: number): AsyncGenerator<string, void> {
  const { leaderEpoch, bytes } = headOf(frame);
  for (const batch of batches(frame.subarray(frame.length - bytes))) {
    let text = "";
    for (const record of records(await openBatch(batch))) {
      if (record.offset < from) continue;
      text += `id: ${record.offset}-${leaderEpoch.counter}-${leaderEpoch.random}\n`;
      text += `data: ${JSON.stringify(recordAsJson(record))}\n\n`;
      if (text.length < PART_CHARS) continue;
      yield text;
      text = "";
    }
    if (text !== "") yield text;
  }
}

function socketClosed(): StrandlineError {
  return new StrandlineError("NETWORK_EXCEPTION", "the partition's socket has closed");
}

function headOf(frame: Uint8Array): TailRecordsHead {
  return readEnvelope(frame.subarray(TAIL_ID_BYTES)).head as TailRecordsHead;
}

function isRefusal(mail: Mail): mail is TailUpFrame & { readonly type: "error" } {
  return typeof mail === "object" && "type" in mail && mail.type === "error";
}

/** A stream on which nothing moves is cut by whoever stands in between. Until its time is over. */
async function beat(options: {
  readonly clock: Clock;
  readonly endsAt: number;
  readonly signal: AbortSignal;
  readonly put: () => void;
}): Promise<void> {
  const { clock, endsAt, signal, put } = options;
  while (!signal.aborted && clock.now() < endsAt) {
    await clock.sleep(Math.min(HEARTBEAT_MS, endsAt - clock.now()), signal);
    put();
  }
}

/** Until the stream's time is over. True: it may not go on. */
async function lookAgain(options: {
  readonly parts: EventStreamParts;
  readonly endsAt: number;
  readonly signal: AbortSignal;
  readonly mayGoOn: () => void;
}): Promise<boolean> {
  const { parts, endsAt, signal, mayGoOn } = options;
  const { clock, ports } = parts;
  while (!signal.aborted && clock.now() < endsAt) {
    await clock.sleep(lookAgainInMs(ports.standing, clock), signal);
    void ports.standing.refresh();
    if (!attempt(mayGoOn).ok) return !signal.aborted;
  }
  return false;
}
