/** Records as the REST proxy's consumers get them, with headers and timestamps as Strimzi's bridge has them. */
import type { RecordJson } from "../../shared/api/records.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { bytesOf } from "../../shared/utf8.ts";
import { base64Of } from "../intake/base64.ts";
import type { EmbeddedFormat } from "./media-types.ts";

export interface FetchedRecord {
  readonly topic: string;
  readonly key: unknown;
  readonly value: unknown;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly headers: readonly { readonly key: string; readonly value: string | null }[];
}

/** Throws `INVALID_RECORD` with the offset of the first one that is no JSON, where it should be. */
export function fetchedRecord(
  place: { readonly topic: string; readonly partition: number },
  record: RecordJson,
  format: EmbeddedFormat,
): FetchedRecord {
  const { offset, timestamp } = record;
  const read = format === "binary" ? base64 : (text: Text): unknown => parsed(text, offset);
  return {
    ...place,
    key: read({ text: record.key, base64: record.keyBase64 }),
    value: read({ text: record.value, base64: record.valueBase64 }),
    offset,
    timestamp,
    headers: record.headers.map(({ key, value, valueBase64 }) => ({
      key,
      value: base64({ text: value, base64: valueBase64 }),
    })),
  };
}

/** UTF-8 is a text, everything else Base64. */
interface Text {
  readonly text: string | null | undefined;
  readonly base64: string | undefined;
}

function base64(held: Text): string | null {
  if (held.base64 !== undefined) return held.base64;
  return held.text === null || held.text === undefined ? null : base64Of(bytesOf(held.text));
}

function parsed({ text, base64: bytes }: Text, offset: number): unknown {
  if (bytes === undefined && (text === null || text === undefined)) return null;
  try {
    return JSON.parse(text ?? "");
  } catch {
    const said = `offset ${offset} is no JSON; it can be had as Base64`;
    throw new StrandlineError("INVALID_RECORD", said, { offset });
  }
}
