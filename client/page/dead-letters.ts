import type { ErrorBody } from "../../shared/strandline-error.ts";
import type { DeadLetterBatch } from "../calls/outbox-calls.ts";
import { messagesOf } from "./messages-of.ts";
import type { ReceivedMessage } from "./received-message.ts";
import { receiptId } from "./receipt.ts";

/** Records that the edge refused for good, in one batch. They have no offset: `offset` counts within the batch. */
export interface DeadLetter {
  readonly topic: string;
  readonly partition: number;
  /** Of the first record. */
  readonly receipt: string;
  readonly error: ErrorBody;
  readonly messages: readonly ReceivedMessage[];
}

export async function deadLetterOf(batch: DeadLetterBatch): Promise<DeadLetter> {
  const { topic, partition, count, error, buffer } = batch;
  const messages: ReceivedMessage[] = [];
  for await (const some of messagesOf({ topic, partition, buffer, from: 0, to: count }))
    for (const message of some) messages.push(message);
  return { topic, partition, receipt: receiptId(batch), error, messages };
}
