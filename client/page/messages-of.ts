/** The records of a polled run, batch by batch: those within its bounds. Damage is told once all before it was yielded. */
import { tryOpenBatch } from "../../shared/gzip.ts";
import { codecOf, isControl } from "../../shared/record-batch.ts";
import { asError, readBatch, type BatchDamage, type RecordBatch } from "../../shared/record-batch-decode.ts";
import { RecordCursor } from "../../shared/record-cursor.ts";
import type { StrandlineError } from "../../shared/strandline-error.ts";
import type { PolledRun } from "../calls/consumer-calls.ts";
import { ReceivedMessage } from "./received-message.ts";

/** Bytes that cannot be read: nobody's handler failed. */
export class DamagedRun extends Error {
  readonly error: StrandlineError;

  constructor(error: StrandlineError) {
    super(error.message, { cause: error });
    this.error = error;
  }
}

type Bounds = Pick<PolledRun, "topic" | "partition" | "buffer" | "from" | "to"> & Partial<Pick<PolledRun, "pending">>;

/**
 * A promise only where a batch has to be inflated. `firstOf`: where to begin within a batch, if not at the run's start.
 */
export function* messagesOf(
  run: Bounds,
  firstOf: (batch: RecordBatch) => number = () => run.from,
): Generator<ReceivedMessage[] | Promise<ReceivedMessage[]>> {
  const bytes = new Uint8Array(run.buffer);
  for (let at = 0; at < bytes.length;) {
    const reading = readBatch(bytes, at);
    if (!reading.ok) throw damaged(reading.damage);
    const { batch } = reading;
    at = batch.end;
    // Markers of transactions: no records of anybody.
    if (isControl(batch.attributes)) continue;
    const from = firstOf(batch);
    yield codecOf(batch.attributes) === "none" ? messagesFrom(batch, run, from) : inflated(batch, run, from);
  }
}

async function inflated(batch: RecordBatch, run: Bounds, from: number): Promise<ReceivedMessage[]> {
  const opened = await tryOpenBatch(batch);
  if (!opened.ok) throw damaged(opened.damage);
  return messagesFrom(opened.batch, run, from);
}

function messagesFrom(
  batch: RecordBatch,
  { topic, partition, pending = false, to }: Bounds,
  from: number,
): ReceivedMessage[] {
  const messages: ReceivedMessage[] = [];
  const cursor = new RecordCursor(batch);
  const origin = { topic, partition, pending, cursor };
  while (cursor.next()) if (cursor.offset >= from && cursor.offset < to) messages.push(new ReceivedMessage(origin));
  if (cursor.damage !== null) throw damaged(cursor.damage);
  return messages;
}

function damaged(damage: BatchDamage): DamagedRun {
  return new DamagedRun(asError(damage));
}
