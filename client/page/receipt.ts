/** What is left in hand of a record that was sent: `orders-3~57`, good after a reload too. */
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { ReceiptState } from "../calls/outbox-calls.ts";
import { receiptId, type RecordPlace } from "../calls/record-place.ts";
import { aborted, askUntilAborted, untilAborted, type WaitOptions } from "./abort.ts";

export interface SyncedRecord {
  readonly topic: string;
  readonly partition: number;
  /** Null: held by the edge, whose answer is no longer remembered here. */
  readonly offset: number | null;
}

export interface Receipt extends RecordPlace {
  readonly id: string;
  /** Resolves when the edge holds the record; rejects with `GIVEN_UP` where it refused it for good. Waits as long as it takes. */
  readonly synced: Promise<SyncedRecord>;
  /** `synced`, as long as the signal lets it: then `ABORTED`, and the record is sent all the same. */
  whenSynced(options?: WaitOptions): Promise<SyncedRecord>;
  /** Where the record stands now. */
  state(options?: WaitOptions): Promise<ReceiptState>;
}

/** Null: as long as it takes. */
export type AskReceipt = (place: RecordPlace, timeoutMs: number | null) => Promise<ReceiptState>;

/** `?` stands for the partition of a topic not yet known: a name may end in `-`, so a `-1` could be read in two ways. */
const RECEIPT = /^(.+)-(\?|\d{1,10})~(\d{1,16})(?:~([1-9]\d{0,8}))?$/;

export function parseReceiptId(id: string): RecordPlace {
  const [, topic, partition, sequence, remade] = RECEIPT.exec(id) ?? [];
  const localSequence = Number(sequence);
  if (topic === undefined || partition === undefined || !Number.isSafeInteger(localSequence)) {
    throw new StrandlineError(
      "INVALID_ARGUMENT",
      `${JSON.stringify(String(id).slice(0, 64))} is no receipt: orders-3~57 is one`,
      { receipt: String(id).slice(0, 64) },
    );
  }
  const place = { topic, partition: partition === "?" ? -1 : Number(partition), localSequence };
  return remade === undefined ? place : { ...place, remade: Number(remade) };
}

export class StoredReceipt implements Receipt {
  readonly topic: string;
  readonly partition: number;
  readonly localSequence: number;
  readonly remade?: number;
  readonly #ask: AskReceipt;
  #synced: Promise<SyncedRecord> | null = null;

  constructor(place: RecordPlace, ask: AskReceipt) {
    this.topic = place.topic;
    this.partition = place.partition;
    this.localSequence = place.localSequence;
    if (place.remade !== undefined) this.remade = place.remade;
    this.#ask = ask;
  }

  get id(): string {
    return receiptId(this);
  }

  /** Made on first use: a send of thousands asks for nothing that nobody wants to know. */
  get synced(): Promise<SyncedRecord> {
    return (this.#synced ??= this.#ask(this, null).then((state) => syncedRecord(this, state)));
  }

  async whenSynced({ signal }: WaitOptions = {}): Promise<SyncedRecord> {
    const { id: receipt } = this;
    const fired = (by: AbortSignal): StrandlineError => aborted(`${receipt} is still sent`, by, { receipt });
    return await untilAborted(this.synced, signal, fired);
  }

  state({ signal }: WaitOptions = {}): Promise<ReceiptState> {
    return askUntilAborted(() => this.#ask(this, 0), signal);
  }
}

/** The end of a wait, as a value or as the error that says why there is none. */
export function syncedRecord(place: RecordPlace, state: ReceiptState): SyncedRecord {
  const receipt = receiptId(place);
  switch (state.kind) {
    case "committed":
      return { topic: place.topic, partition: state.partition, offset: state.offset };
    case "dead":
      throw new StrandlineError("GIVEN_UP", `${receipt}: ${state.error.message}`, {
        receipt,
        reason: state.error.code,
      });
    case "pending":
      throw new StrandlineError("NOT_SYNCED_YET", receipt, { receipt });
    case "unknown":
      throw new StrandlineError("RECEIPT_UNKNOWN", receipt, { receipt });
  }
}
