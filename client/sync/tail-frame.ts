/** What comes over the tail's socket, read: `shared/api/tail.ts`. */
import type { TailEdgeFrame, TailRecordsHead } from "../../shared/api/tail.ts";
import { readEnvelope, takePayloads } from "../../shared/envelope.ts";
import { readUint32 } from "../../shared/record-batch.ts";

const ID_BYTES = 4;

export type TailRecords = TailRecordsHead & {
  readonly type: "records";
  readonly id: number;
  readonly payload: Uint8Array;
};

/** Null: a `pong`. Throws where it is no frame. */
export function readTailFrame(data: string | Uint8Array): TailEdgeFrame | TailRecords | null {
  if (typeof data === "string") return data === "pong" ? null : (JSON.parse(data) as TailEdgeFrame);
  const id = readUint32(data, 0);
  const envelope = data.subarray(ID_BYTES);
  const { head, payloadStart } = readEnvelope(envelope);
  const known = head as TailRecordsHead;
  const [payload = envelope.subarray(0, 0)] = takePayloads(envelope, payloadStart, [known.bytes]);
  return { ...known, type: "records", id, payload };
}
