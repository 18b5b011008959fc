/**
 * Values larger than a batch travel in several records, by the headers named here (`docs/chunking.md`). All chunks of
 * a value are in one partition, in order, each alone in its batch, with the key, the headers and the timestamp of the
 * message; records of others may stand between them.
 */

/** The limits and the names are part of the convention: what is stored is read by them for as long as it lies there. */
export const CHUNK_BYTES_MAX = 524_288;
/** What a reader puts together, and a producer sends, unless it is told otherwise. */
export const MESSAGE_BYTES_MAX = 67_108_864;

export const CHUNK_HEADERS = {
  /** Of the message: 32 hex digits, drawn by its producer. */
  id: "strandline-chunk-id",
  /** From 0. */
  index: "strandline-chunk-index",
  count: "strandline-chunk-count",
  /** Of the whole value. */
  bytes: "strandline-chunk-bytes",
  /** CRC-32C of the whole value, 8 hex digits. */
  crc: "strandline-chunk-crc32c",
} as const;

const NAMES: ReadonlySet<string> = new Set(Object.values(CHUNK_HEADERS));

export function isChunkHeader(name: string): boolean {
  return NAMES.has(name);
}

export interface ChunkPlace {
  readonly id: string;
  readonly index: number;
  readonly count: number;
  readonly bytes: number;
  readonly crc: string;
}

/** Equal parts, but for the last byte or so: none is small, which keeps them from being merged into other batches. */
export function chunkSize(bytes: number): number {
  return Math.ceil(bytes / Math.ceil(bytes / CHUNK_BYTES_MAX));
}

/** Null: no chunk, or none by this convention. */
export function chunkPlace(text: (name: string) => string | null): ChunkPlace | null {
  const id = text(CHUNK_HEADERS.id);
  if (id === null || !/^[0-9a-f]{32}$/.test(id)) return null;
  const [index, count, bytes] = [CHUNK_HEADERS.index, CHUNK_HEADERS.count, CHUNK_HEADERS.bytes].map((name) =>
    /^\d{1,15}$/.test(text(name) ?? "") ? Number(text(name)) : -1,
  );
  const crc = text(CHUNK_HEADERS.crc) ?? "";
  if (index === undefined || count === undefined || bytes === undefined || !/^[0-9a-f]{8}$/.test(crc)) return null;
  return index >= 0 && count >= 2 && index < count && bytes >= count ? { id, index, count, bytes, crc } : null;
}
