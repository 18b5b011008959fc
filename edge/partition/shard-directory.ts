/**
 * What a shard's row says beside its pages: where each of them ends, and what recovery needs to know of the partition.
 *
 *   directory = uint32 version (2), uint32 crc, uint32 runsSinceDue, uint32 swept,
 *               float64 wallMs (NaN for null), float64 replayFrom, PAGES * uint32 end    96 bytes
 *
 * All numbers are big-endian. `crc` is CRC-32C of everything behind it. `end` is counted in bytes from where the first
 * page begins; a page without producers takes none. What concerns the whole partition counts in the directory that was
 * written last: `SnapshotHead`.
 */
import { crc32c } from "../../shared/crc32c.ts";
import { PAGES } from "./producer-place.ts";
import { damaged } from "./producer-state-bytes.ts";

const VERSION = 2;
const AT = { version: 0, crc: 4, runsSinceDue: 8, swept: 12, wallMs: 16, replayFrom: 24, ends: 32 } as const;
/** What the CRC covers begins here. */
const CHECKED_AT = AT.runsSinceDue;
const END_BYTES = 4;
export const DIRECTORY_BYTES: number = AT.ends + PAGES * END_BYTES;

/** What recovery needs to know besides the states, as of the snapshot that it was written with. */
export interface SnapshotHead {
  /** No row of the log below this has what is not in a snapshot. */
  readonly replayFrom: number;
  /** Runs since a snapshot was last written because it was due. */
  readonly runsSinceDue: number;
  /** The edge's clock at the last append; null before the first. */
  readonly wallMs: number | null;
  /** The last due snapshot was of a shard whose producers had grown old, and not of the one furthest behind. */
  readonly swept: boolean;
}

/** Bytes `[from, end)` of a shard's states. */
export interface PageRange {
  readonly from: number;
  readonly end: number;
}

export class ShardDirectory {
  readonly #view: DataView;

  /** Throws `KAFKA_STORAGE_ERROR` where the bytes are not what was written. */
  constructor(bytes: Uint8Array) {
    if (bytes.length !== DIRECTORY_BYTES) throw damaged(`a directory of ${bytes.length} bytes`);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const version = this.#view.getUint32(AT.version);
    if (version !== VERSION) throw damaged(`version ${version}`);
    if (this.#view.getUint32(AT.crc) !== crc32c(bytes, CHECKED_AT))
      throw damaged("the CRC of its directory is another");
  }

  get head(): SnapshotHead {
    const wallMs = this.#view.getFloat64(AT.wallMs);
    return {
      replayFrom: this.#view.getFloat64(AT.replayFrom),
      runsSinceDue: this.#view.getUint32(AT.runsSinceDue),
      wallMs: Number.isNaN(wallMs) ? null : wallMs,
      swept: this.#view.getUint32(AT.swept) === 1,
    };
  }

  range(page: number): PageRange {
    return { from: this.#end(page - 1), end: this.#end(page) };
  }

  #end(page: number): number {
    return page < 0 ? 0 : this.#view.getUint32(AT.ends + page * END_BYTES);
  }
}

/** `lengths`: of the pages, in bytes. */
export function directoryBytes(head: SnapshotHead, lengths: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(DIRECTORY_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(AT.version, VERSION);
  view.setUint32(AT.runsSinceDue, head.runsSinceDue);
  view.setUint32(AT.swept, head.swept ? 1 : 0);
  view.setFloat64(AT.wallMs, head.wallMs ?? Number.NaN);
  view.setFloat64(AT.replayFrom, head.replayFrom);
  let end = 0;
  for (const [page, length] of lengths.entries()) view.setUint32(AT.ends + page * END_BYTES, (end += length));
  view.setUint32(AT.crc, crc32c(bytes, CHECKED_AT));
  return bytes;
}
