/** The container of all binary bodies: a JSON head that states the lengths of the payloads behind it. `PROTOCOL.md` 3. */
import { isTooDeep } from "./json-text.ts";
import { LIMITS } from "./limits.ts";
import { readUint32, writeInt32 } from "./record-batch.ts";
import { StrandlineError } from "./strandline-error.ts";
import { bytesOf } from "./utf8.ts";
import { web } from "./web-platform.ts";

const HEAD_LENGTH_BYTES = 4;
const strictDecoder = new web.TextDecoder("utf-8", { fatal: true });

/** `spaceBefore`: bytes left free in front of it, for what a frame has there. */
export function writeEnvelope(
  head: unknown,
  payloads: readonly Uint8Array[],
  spaceBefore = 0,
): Uint8Array<ArrayBuffer> {
  const text = bytesOf(JSON.stringify(head));
  let length = spaceBefore + HEAD_LENGTH_BYTES + text.length;
  for (const payload of payloads) length += payload.length;
  const bytes = new Uint8Array(length);
  writeInt32(bytes, spaceBefore, text.length);
  bytes.set(text, spaceBefore + HEAD_LENGTH_BYTES);
  let at = spaceBefore + HEAD_LENGTH_BYTES + text.length;
  for (const payload of payloads) {
    bytes.set(payload, at);
    at += payload.length;
  }
  return bytes;
}

/** Throws `INVALID_REQUEST` with the position of what is wrong. What the head says is the caller's to check. */
export function readEnvelope(bytes: Uint8Array): { readonly head: unknown; readonly payloadStart: number } {
  if (bytes.length < HEAD_LENGTH_BYTES) throw malformed(0, `${bytes.length} bytes are no envelope`);
  const length = readUint32(bytes, 0);
  const payloadStart = HEAD_LENGTH_BYTES + length;
  if (length > LIMITS.envelopeHeadBytesMax)
    throw malformed(0, `a head of ${length} bytes, of at most ${LIMITS.envelopeHeadBytesMax}`);
  if (payloadStart > bytes.length)
    throw malformed(0, `a head of ${length} bytes, ${bytes.length - HEAD_LENGTH_BYTES} are left`);
  const head = tryParse(bytes.subarray(HEAD_LENGTH_BYTES, payloadStart));
  if (head === "too deep") throw malformed(HEAD_LENGTH_BYTES, `the head nests deeper than ${LIMITS.jsonDepthMax}`);
  if (head === "no JSON") throw malformed(HEAD_LENGTH_BYTES, "the head is not JSON");
  return { head: head.value, payloadStart };
}

function tryParse(bytes: Uint8Array): { readonly value: unknown } | "too deep" | "no JSON" {
  try {
    const text = strictDecoder.decode(bytes);
    return isTooDeep(text) ? "too deep" : { value: JSON.parse(text) as unknown };
  } catch {
    return "no JSON";
  }
}

/** Views of the payloads, which together end exactly where the body does. */
export function takePayloads(bytes: Uint8Array, start: number, lengths: readonly number[]): Uint8Array[] {
  let at = start;
  const payloads = lengths.map((length) => {
    if (!Number.isSafeInteger(length) || length < 0 || length > bytes.length - at) {
      throw malformed(at, `a payload of ${length} bytes, ${bytes.length - at} are left`);
    }
    at += length;
    return bytes.subarray(at - length, at);
  });
  if (at !== bytes.length) throw malformed(at, `${bytes.length - at} bytes behind the last payload`);
  return payloads;
}

function malformed(position: number, reason: string): StrandlineError {
  return new StrandlineError("INVALID_REQUEST", reason, { position });
}
