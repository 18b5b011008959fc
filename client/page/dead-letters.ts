/** What the edge refused for good, and what its user makes of it. */
import { StrandlineError, type ErrorBody } from "../../shared/strandline-error.ts";
import type { DeadLetterBatch } from "../calls/outbox-calls.ts";
import { plainPlace, receiptId, type RecordPlace } from "../calls/record-place.ts";
import type { WorkerCalls } from "../calls/worker-api.ts";
import { askUntilAborted, type WaitOptions } from "./abort.ts";
import { messagesOf } from "./messages-of.ts";
import { parseReceiptId, StoredReceipt, type AskReceipt, type Receipt } from "./receipt.ts";
import type { ReceivedMessage } from "./received-message.ts";

/** Records that the edge refused for good, in one batch. They have no offset: `offset` counts within the batch. */
export interface DeadLetter {
  readonly topic: string;
  readonly partition: number;
  /** Of the first record. */
  readonly receipt: string;
  readonly error: ErrorBody;
  /** The topic is in strict order: the batch still waits, and all of its partition behind it. */
  readonly blocking: boolean;
  readonly messages: readonly ReceivedMessage[];
}

/** A letter, or any record of one: by its receipt, or the receipt's id. */
export type LetterChoice = DeadLetter | Receipt | string;

export interface DeadLetters {
  /** Blocking ones first, then by topic and partition, oldest first. `limit` is of letters, 1,000 by default. */
  list(options?: { readonly limit?: number; readonly topic?: string } & WaitOptions): Promise<DeadLetter[]>;
  /**
   * Sends them again, key, value, headers and timestamp as they were, at the end of their partitions; the letters are
   * gone with that, in one transaction each, and their old receipts lead to the new records. A blocking letter is
   * tried where it stands. A letter is sent again as a whole. Answers the receipts of their first records; what was no
   * letter any more is left out.
   */
  retry(letters: LetterChoice | readonly LetterChoice[], options?: WaitOptions): Promise<Receipt[]>;
  /**
   * Gives them up for good, how many there were; a blocking one is left out of its partition, which goes on
   * once the edge was told. Until then its receipt waits, for a copy of the request may be under way: had it landed before
   * the edge was told, the receipt says where.
   */
  discard(letters: LetterChoice | readonly LetterChoice[], options?: WaitOptions): Promise<number>;
}

export interface DeadLettersDeps {
  readonly call: <Result>(ask: (api: WorkerCalls) => Promise<Result>, deadlineMs: number) => Promise<Result>;
  readonly askReceipt: AskReceipt;
}

const LIMIT = 1_000;
const CALL_MS_MAX = 30_000;

export function deadLetters({ call, askReceipt }: DeadLettersDeps): DeadLetters {
  const asked = <Result>(ask: (api: WorkerCalls) => Promise<Result>, { signal }: WaitOptions): Promise<Result> =>
    askUntilAborted(() => call(ask, CALL_MS_MAX), signal);
  return {
    list: async ({ limit = LIMIT, topic, ...wait } = {}) => {
      if (!Number.isInteger(limit) || limit < 1)
        throw new StrandlineError("INVALID_ARGUMENT", `limit ${String(limit)}: a number of letters`, { limit });
      const batches = await asked((api) => api.deadLetters(limit, topic ?? null), wait);
      return await Promise.all(batches.map(deadLetterOf));
    },
    retry: async (letters, wait = {}) => {
      const places = placesOf(letters);
      const again = await asked((api) => api.retryDeadLetters(places), wait);
      return again.map((place) => new StoredReceipt(place, askReceipt));
    },
    discard: async (letters, wait = {}) => {
      const places = placesOf(letters);
      return await asked((api) => api.discardDeadLetters(places), wait);
    },
  };
}

async function deadLetterOf(batch: DeadLetterBatch): Promise<DeadLetter> {
  const { topic, partition, count, error, blocking, buffer } = batch;
  const messages: ReceivedMessage[] = [];
  for (const some of messagesOf({ topic, partition, buffer, from: 0, to: count }))
    for (const message of await some) messages.push(message);
  return { topic, partition, receipt: receiptId(batch), error, blocking, messages };
}

function placesOf(letters: LetterChoice | readonly LetterChoice[]): RecordPlace[] {
  const all = Array.isArray(letters) ? (letters as readonly LetterChoice[]) : [letters as LetterChoice];
  return all.map((letter) => {
    if (typeof letter === "string") return parseReceiptId(letter);
    if ("receipt" in letter) return parseReceiptId(letter.receipt);
    return plainPlace(letter);
  });
}
