/** Raw strict puts through the same kind of hop as the client's: one message with a transferred buffer, one answer. */
import type { RawPutRequest } from "./raw-worker.ts";

export class RawPuts {
  readonly #database = `bench-raw-${crypto.randomUUID()}`;
  readonly #worker: Worker;
  readonly #answers = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  #asked = 0;

  /** Runs `raw-worker.ts`. */
  constructor(worker: Worker) {
    this.#worker = worker;
    this.#worker.addEventListener("message", ({ data }: MessageEvent<{ id: number; error?: string }>) => {
      const answer = this.#answers.get(data.id);
      this.#answers.delete(data.id);
      if (data.error === undefined) answer?.resolve();
      else answer?.reject(new Error(data.error));
    });
  }

  put(buffer: ArrayBuffer): Promise<void> {
    const request: RawPutRequest = { id: (this.#asked += 1), database: this.#database, buffer };
    return new Promise((resolve, reject) => {
      this.#answers.set(request.id, { resolve, reject });
      this.#worker.postMessage(request, [buffer]);
    });
  }

  close(): void {
    this.#worker.terminate();
    indexedDB.deleteDatabase(this.#database);
  }
}

/** Milliseconds for `totalBytes` in values of `valueBytes`, a strict transaction each, one after the other. */
export async function measureRawPuts(
  raw: RawPuts,
  size: { readonly totalBytes: number; readonly valueBytes: number },
): Promise<number> {
  const values = Array.from({ length: Math.ceil(size.totalBytes / size.valueBytes) }, () =>
    randomBytes(size.valueBytes),
  );
  const began = performance.now();
  for (const value of values) await raw.put(value);
  return performance.now() - began;
}

/** Milliseconds of each of `count` lone puts of `valueBytes`. */
export async function measureLonePuts(
  raw: RawPuts,
  { count, valueBytes }: { readonly count: number; readonly valueBytes: number },
): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const value = randomBytes(valueBytes);
    const began = performance.now();
    await raw.put(value);
    times.push(performance.now() - began);
  }
  return times;
}

/** Milliseconds until `count` puts of `valueBytes`, a strict transaction each and all asked for at once, are done. */
export async function measurePutsAtOnce(
  raw: RawPuts,
  { count, valueBytes }: { readonly count: number; readonly valueBytes: number },
): Promise<number> {
  const values = Array.from({ length: count }, () => randomBytes(valueBytes));
  const began = performance.now();
  await Promise.all(values.map((value) => raw.put(value)));
  return performance.now() - began;
}

function randomBytes(length: number): ArrayBuffer {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, Math.min(length, at + 65_536)));
  return bytes.buffer;
}
