/** One polled run, to the handler: record by record or as a batch. What is not handled stays unresolved in the book. */
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { HandledTo, PolledRun } from "../calls/consumer-calls.ts";
import type { Batch, BatchFacts, EachBatchPayload, RunConfig } from "./consumer-events.ts";
import { Fenced, handleOnce, type Handling } from "./exactly-once.ts";
import { DamagedRun, messagesOf } from "./messages-of.ts";
import { byTopic, checkOffsets, type OffsetsInput } from "./offsets.ts";
import type { PositionBook } from "./position-book.ts";
import type { ReceivedMessage } from "./received-message.ts";
import type { ShownRecords } from "./shown-records.ts";
import type { Transaction } from "./transaction.ts";

/** What a delivery asks of its group. */
export interface GroupWork {
  /** No handler is called until `free` resolves. */
  readonly holding: boolean;
  free(): Promise<void>;
  heartbeat(run: PolledRun): Promise<void>;
  /** A handler has handled something. */
  worked(): void;
  began(run: PolledRun): void;
  ended(run: PolledRun): void;
}

export interface Delivery extends Handling {
  /** Null: of no group. */
  readonly group: GroupWork | null;
  readonly book: PositionBook;
  readonly shown: ShownRecords;
  readonly config: RunConfig;
  isRunning(): boolean;
  /** Null: what is due. */
  commit(offsets: readonly HandledTo[] | null): Promise<void>;
  /** A commit may be due after any record. */
  readonly stepwise: boolean;
  /** Something was handled. */
  readonly handled: () => void;
  /** A paused partition is wanted again. */
  readonly resumed: () => void;
  /** Returns the way to tell its end. */
  onBatch(facts: BatchFacts): () => void;
  onDamage(run: PolledRun, damage: DamagedRun): void;
  onFenced(run: PolledRun): void;
  /** Gives the messages of typed topics their data; those that are invalid are left out. */
  read(topic: string, messages: ReceivedMessage[]): ReceivedMessage[] | Promise<ReceivedMessage[]>;
}

const alive = async (): Promise<void> => {};

export async function deliverRun(run: PolledRun, delivery: Delivery): Promise<void> {
  delivery.book.begin(run);
  delivery.shown.begin(run);
  const { eachBatch, eachMessage } = delivery.config;
  try {
    if (eachBatch !== undefined) await deliverBatch(run, delivery, eachBatch);
    else if (eachMessage !== undefined) await deliverMessages(run, delivery, eachMessage);
  } catch (error) {
    if (error instanceof Fenced) return delivery.onFenced(run);
    if (!(error instanceof DamagedRun)) throw error;
    // Reading it again would find the same bytes: it is told, and passed by.
    delivery.onDamage(run, error);
    resolve(run, run.to, delivery);
  }
}

async function deliverMessages(
  run: PolledRun,
  delivery: Delivery,
  eachMessage: NonNullable<RunConfig["eachMessage"]>,
): Promise<void> {
  const { book, shown } = delivery;
  const { topic, partition } = run;
  const pause = pauser(run, delivery);
  const heartbeat = heartbeatOf(run, delivery);
  const isStale = (): boolean => !book.wanted(run);
  for (const some of messagesOf(run, (batch) => shown.firstOf(run, batch))) {
    const reading = readable(run, some, delivery);
    const messages = reading instanceof Promise ? await reading : reading;
    const ended = messages.length === 0 ? null : delivery.onBatch(factsOf(batchOf(run, messages)));
    for (const message of messages) {
      if (delivery.group?.holding === true) await delivery.group.free();
      if (!delivery.isRunning() || !book.wanted(run)) return;
      const handler = (tx: Transaction): Promise<void> | void =>
        eachMessage({ topic, partition, message, heartbeat, isStale, pause, tx });
      const next = placeOf(message) + 1;
      if (await handleOnce(run, delivery, { handler, offset: () => next })) delivery.group?.worked();
      else resolve(run, next, delivery);
      if (delivery.stepwise) await delivery.commit(null);
    }
    ended?.();
  }
  // Compaction may have taken the last records of the run.
  resolve(run, run.to, delivery);
}

async function deliverBatch(
  run: PolledRun,
  delivery: Delivery,
  eachBatch: NonNullable<RunConfig["eachBatch"]>,
): Promise<void> {
  const { book, config } = delivery;
  const { messages, damage } = await allMessages(run, delivery);
  if (delivery.group?.holding === true) await delivery.group.free();
  if (!delivery.isRunning() || !book.wanted(run)) return;
  const batch = batchOf(run, messages);
  const last = messages.at(-1);
  const end = damage === null || last === undefined ? run.to : placeOf(last) + 1;
  const resolves = config.eachBatchAutoResolve !== false || last === undefined;
  const payload = (tx: Transaction): EachBatchPayload => ({
    batch,
    resolveOffset: (offset) => resolve(run, checkResolved(run, offset) + 1, delivery),
    heartbeat: heartbeatOf(run, delivery),
    commitOffsetsIfNecessary: (offsets?: OffsetsInput) =>
      delivery.commit(offsets === undefined || offsets === null ? null : checkOffsets(offsets)),
    uncommittedOffsets: () => byTopic(book.uncommitted()),
    isRunning: () => delivery.isRunning(),
    isStale: () => !book.wanted(run),
    pause: pauser(run, delivery),
    tx,
  });
  let once = false;
  if (messages.length > 0) {
    const ended = delivery.onBatch(factsOf(batch));
    const handler = (tx: Transaction): Promise<void> | void => eachBatch(payload(tx));
    once = await handleOnce(run, delivery, { handler, offset: () => (resolves ? end : book.resolvedTo(run)) });
    ended();
  }
  if (resolves && !once) resolve(run, end, delivery);
  if (damage !== null && (last === undefined || book.isResolved(run, end))) throw damage;
}

/** Up to the damage, if there is any. */
async function allMessages(
  run: PolledRun,
  delivery: Delivery,
): Promise<{ readonly messages: ReceivedMessage[]; readonly damage: DamagedRun | null }> {
  let messages: ReceivedMessage[] = [];
  try {
    for (const some of messagesOf(run, (batch) => delivery.shown.firstOf(run, batch))) {
      const reading = readable(run, some, delivery);
      const more = reading instanceof Promise ? await reading : reading;
      if (messages.length === 0) messages = more;
      else for (const message of more) messages.push(message);
    }
  } catch (error) {
    if (error instanceof DamagedRun) return { messages, damage: error };
    throw error;
  }
  return { messages, damage: null };
}

/** With chunks put together, and with their data where the topic is typed. A promise only where there is something to wait for. */
function readable(
  run: PolledRun,
  some: ReceivedMessage[] | Promise<ReceivedMessage[]>,
  delivery: Delivery,
): ReceivedMessage[] | Promise<ReceivedMessage[]> {
  const { chunks } = delivery.book;
  const whole = (messages: ReceivedMessage[]): ReceivedMessage[] => {
    if (!chunks.isRest(messages)) return chunks.whole(messages, run.handledTo);
    delivery.shown.withdraw(run);
    return [];
  };
  return some instanceof Promise
    ? some.then((messages) => delivery.read(run.topic, whole(messages)))
    : delivery.read(run.topic, whole(some));
}

function resolve(run: PolledRun, next: number, { book, shown, group, handled }: Delivery): void {
  group?.worked();
  book.resolve(run, next);
  handled();
  // Of a message whose last chunks are not here yet all will be shown once it is committed.
  if (run.pending) shown.handled(run, book.chunks.neededFrom(run, next));
}

function placeOf(message: ReceivedMessage): number {
  return message.pending ? message.localSequence : message.offset;
}

/** Beyond the batch nothing was handed out. */
function checkResolved(run: PolledRun, given: number | string): number {
  const offset = typeof given === "string" && /^\d{1,16}$/.test(given) ? Number(given) : given;
  if (typeof offset === "number" && Number.isSafeInteger(offset) && offset >= run.from - 1 && offset < run.to)
    return offset;
  const { topic, partition, from, to, pending } = run;
  const what = pending ? "localSequence" : "offset";
  throw new StrandlineError(
    "INVALID_ARGUMENT",
    `resolveOffset(${String(given)}): this batch of ${topic}-${partition} has ${what} ${from} to ${to - 1}`,
    { topic, partition, offset: String(given) },
  );
}

function heartbeatOf(run: PolledRun, { group }: Delivery): () => Promise<void> {
  return group === null ? alive : () => group.heartbeat(run);
}

function pauser({ topic, partition }: PolledRun, { book, resumed }: Delivery): () => () => void {
  return () => {
    book.paused.pause({ topic, partitions: [partition] });
    return () => {
      book.paused.resume({ topic, partitions: [partition] });
      resumed();
    };
  };
}

function factsOf(batch: Batch): BatchFacts {
  const { topic, partition, highWatermark, messages } = batch;
  return {
    topic,
    partition,
    highWatermark,
    offsetLag: batch.offsetLag(),
    batchSize: messages.length,
    firstOffset: batch.firstOffset(),
    lastOffset: batch.lastOffset(),
  };
}

function batchOf({ topic, partition, highWatermark, pending }: PolledRun, messages: readonly ReceivedMessage[]): Batch {
  const last = messages.at(-1)?.offset ?? null;
  return {
    topic,
    partition,
    highWatermark,
    pending,
    messages,
    isEmpty: () => messages.length === 0,
    firstOffset: () => messages[0]?.offset ?? null,
    lastOffset: () => last,
    offsetLag: () => (last === null || pending ? 0 : Math.max(0, highWatermark - 1 - last)),
  };
}
