/** Logs in which chunked messages lie between others, and between each other's chunks. */
import { CHUNK_HEADERS } from "../../../shared/chunking.ts";
import { crc32c } from "../../../shared/crc32c.ts";
import { RecordBatchEncoder } from "../../../shared/record-batch-encode.ts";
import type { SeededRandom } from "../../sim/seeded-random.ts";

type Bytes = Uint8Array<ArrayBuffer>;

export interface ChunkedLog {
  /** One record each. */
  readonly batches: readonly Bytes[];
  /** In the order in which a reader has them: a message stands at its last chunk. */
  readonly values: readonly string[];
}

const utf8 = new TextEncoder();
const OPEN_MAX = 3;

export function chunkedLog(random: SeededRandom, prefix: string, messages: number): ChunkedLog {
  const batches: Bytes[] = [];
  const values: string[] = [];
  const open: { readonly value: string; readonly chunks: Bytes[] }[] = [];
  for (let made = 0; made < messages || open.length > 0;) {
    if (made < messages && (open.length === 0 || random.chance(0.5))) {
      made += 1;
      const value = `${prefix}${made}`;
      if (open.length < OPEN_MAX && random.chance(0.4)) open.push({ value, chunks: chunksOf(value, random) });
      else {
        batches.push(batch(value, []));
        values.push(value);
      }
      continue;
    }
    const next = random.pick(open);
    const chunk = next.chunks.shift();
    if (chunk !== undefined) batches.push(chunk);
    if (next.chunks.length > 0) continue;
    open.splice(open.indexOf(next), 1);
    values.push(next.value);
  }
  return { batches, values };
}

function batch(value: Bytes | string, headers: readonly { key: string; value: Bytes }[]): Bytes {
  const encoder = new RecordBatchEncoder();
  encoder.append({ key: null, value, timestamp: 1, headers });
  return encoder.finish();
}

export function chunksOf(text: string, random: SeededRandom, chunks: number | null = null): Bytes[] {
  const value = utf8.encode(text);
  const count = chunks ?? 2 + random.below(Math.min(4, value.length - 1));
  const id = Array.from({ length: 32 }, () => random.below(16).toString(16)).join("");
  const crc = crc32c(value).toString(16).padStart(8, "0");
  return Array.from({ length: count }, (_, index) => {
    const [from, to] = [index, index + 1].map((at) => Math.floor((at * value.length) / count));
    const facts = { id, index: String(index), count: String(count), bytes: String(value.length), crc };
    const headers = Object.entries(facts).map(([name, fact]) => ({
      key: CHUNK_HEADERS[name as keyof typeof CHUNK_HEADERS],
      value: utf8.encode(fact),
    }));
    return batch(value.slice(from, to), headers);
  });
}
