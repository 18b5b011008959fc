/** The records of a polled run, batch by batch: those within its bounds. Damage is told once all before it was yielded. */
import { tryOpenBatch } from "../../shared/gzip.ts";
import { isControl } from "../../shared/record-batch.ts";
import { asError, readBatch, records, type BatchDamage } from "../../shared/record-batch-decode.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
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

type Bounds = Pick<PolledRun, "topic" | "partition" | "buffer" | "from" | "to">;

export async function* messagesOf(run: Bounds): AsyncGenerator<ReceivedMessage[]> {
  const bytes = new Uint8Array(run.buffer);
  for (let at = 0; at < bytes.length;) {
    const reading = readBatch(bytes, at);
    if (!reading.ok) throw damaged(reading.damage);
    at = reading.batch.end;
    // Markers of transactions: no records of anybody.
    if (isControl(reading.batch.attributes)) continue;
    const opened = await tryOpenBatch(reading.batch);
    if (!opened.ok) throw damaged(opened.damage);
    yield withinBounds(records(opened.batch), run);
  }
}

function withinBounds(all: ReturnType<typeof records>, { topic, partition, from, to }: Bounds): ReceivedMessage[] {
  const messages: ReceivedMessage[] = [];
  try {
    for (const record of all)
      if (record.offset >= from && record.offset < to) messages.push(new ReceivedMessage(topic, partition, record));
  } catch (error) {
    if (error instanceof StrandlineError) throw new DamagedRun(error);
    throw error;
  }
  return messages;
}

function damaged(damage: BatchDamage): DamagedRun {
  return new DamagedRun(asError(damage));
}
