/**
 * What passes between a partition and the Worker on the socket of one tail. Records come as clients get them, with 0 in
 * the place of the subscription's id, which the Worker fills in: so the same bytes serve all readers.
 */
import type { TailBounds, TailRecordsHead } from "../../shared/api/tail.ts";
import { writeEnvelope } from "../../shared/envelope.ts";
import { writeInt32 } from "../../shared/record-batch.ts";
import type { ErrorBody } from "../../shared/strandline-error.ts";

export const TAIL_ID_BYTES = 4;

/** Partition to Worker. */
export type TailUpFrame =
  | ({ readonly type: "position" } & TailBounds)
  /** The tail stands before the records behind growth number `growth` (from 0), and waits for `pass`. */
  | { readonly type: "barrier"; readonly growth: number; readonly nextOffset: number }
  | { readonly type: "error"; readonly error: ErrorBody };

/** Worker to partition. */
export type TailDownFrame =
  | { readonly type: "ack"; readonly offset: number }
  /** The barriers of the first `growths` growths are passed. */
  | { readonly type: "pass"; readonly growths: number };

export function recordsFrame(head: TailRecordsHead, batches: Uint8Array): Uint8Array<ArrayBuffer> {
  return writeEnvelope(head, [batches], TAIL_ID_BYTES);
}

/** Null: no frame that a Worker sends. */
export function readDownFrame(text: string): TailDownFrame | null {
  try {
    const frame = JSON.parse(text) as Partial<Record<string, unknown>>;
    if (frame["type"] === "ack" && isCount(frame["offset"])) return { type: "ack", offset: frame["offset"] };
    if (frame["type"] === "pass" && isCount(frame["growths"])) return { type: "pass", growths: frame["growths"] };
  } catch {
    // As any other text that is none.
  }
  return null;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

export function writeTailId(frame: Uint8Array, id: number): void {
  writeInt32(frame, 0, id);
}
