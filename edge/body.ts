/** Request bodies within their limits. */
import { StrandlineError } from "../shared/strandline-error.ts";

/**
 * A stated length is checked before anything is read, and HTTP framing holds the client to it; counting chunks in
 * JavaScript halves the throughput, so that is done only where no length is stated. Throws `REQUEST_TOO_LARGE`, and
 * `INVALID_REQUEST` where the body is other than what was stated, or its framing is broken.
 */
export async function readBody(request: Request, bytesMax: number): Promise<Uint8Array<ArrayBuffer>> {
  const stated = request.headers.get("content-length");
  if (stated === null) return await readCounted(request, bytesMax);
  const length = Number(stated);
  if (!Number.isSafeInteger(length) || length < 0)
    throw new StrandlineError("INVALID_REQUEST", `content-length ${stated.slice(0, 32)}`);
  if (length > bytesMax) throw tooLarge(length, bytesMax);
  const bytes = new Uint8Array(await read(request.arrayBuffer()));
  // Not every way to a Worker is HTTP, which would hold the sender to it.
  if (bytes.byteLength !== length)
    throw new StrandlineError("INVALID_REQUEST", `content-length ${length}, and ${bytes.byteLength} bytes`);
  return bytes;
}

async function readCounted(request: Request, bytesMax: number): Promise<Uint8Array<ArrayBuffer>> {
  const reader = (request.body as ReadableStream<Uint8Array> | null)?.getReader();
  if (reader === undefined) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await read(reader.read());
    if (done) break;
    length += value.byteLength;
    if (length > bytesMax) {
      await reader.cancel();
      throw tooLarge(length, bytesMax);
    }
    chunks.push(value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

/** What breaks while a body comes in is the sender's doing, or nobody is there any more: nothing for operators to look at. */
async function read<Part>(part: Promise<Part>): Promise<Part> {
  try {
    return await part;
  } catch {
    throw new StrandlineError("INVALID_REQUEST", "the body cannot be read to its end");
  }
}

function tooLarge(bytes: number, limit: number): StrandlineError {
  return new StrandlineError("REQUEST_TOO_LARGE", `${bytes} bytes, of at most ${limit}`, { bytes, limit });
}
