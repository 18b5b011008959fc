/**
 * The snapshot of one page of a shard's producers: looked into where it lies. A look-up is a binary search, and only
 * what it finds is decoded.
 *
 *   snapshot = header, count * entry, count * lists
 *   header   = uint32 crc, uint32 count                                              8 bytes
 *   entry    = uint64 id, uint32 number, uint32 chain, uint32 seen, uint32 end       24 bytes, ascending by id
 *   lists    = what `producer-state-bytes.ts` describes, in the entries' order
 *
 * All numbers are big-endian. `crc` is CRC-32C of everything behind it. `number` is a device's (or a request's) next sequence, or the
 * epoch of one of Kafka's producers, whose `chain` is 0: the id says which it is. `seen` is the partition's clock in
 * whole minutes, rounded up. `end` is where the entry's lists end, counted from where the first lists begin.
 * The version stands in the shard's directory (`shard-directory.ts`).
 */
import type { Chain, ProducerId } from "../../shared/brands.ts";
import { crc32c } from "../../shared/crc32c.ts";
import { damaged, readDeviceLists, readKafkaList } from "./producer-state-bytes.ts";
import { hasChain, type ProducerState } from "./producer-state.ts";

export const HEADER_BYTES = 8;
export const ENTRY_BYTES = 24;
export const HEADER_AT = { crc: 0, count: 4 } as const;
/** What the CRC covers begins here. */
export const CHECKED_AT: number = HEADER_AT.count;
export const ENTRY_AT = { high: 0, low: 4, number: 8, chain: 12, seen: 16, end: 20 } as const;

export interface SnapshotEntry {
  /** The id's halves. */
  readonly high: number;
  readonly low: number;
  readonly number: number;
  readonly chain: number;
  /** Minutes of the partition's clock. */
  readonly seen: number;
  readonly lists: Uint8Array;
}

/** Throws `KAFKA_STORAGE_ERROR` where the bytes are not what was written. */
export function openSnapshot(bytes: Uint8Array): ProducerSnapshot {
  if (bytes.length < HEADER_BYTES) throw damaged(`${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(HEADER_AT.crc) !== crc32c(bytes, CHECKED_AT)) throw damaged("its CRC is another");
  return new ProducerSnapshot(bytes);
}

export class ProducerSnapshot {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly #view: DataView;
  readonly #listsAt: number;

  /** `bytes` are known to be sound. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.count = this.#view.getUint32(HEADER_AT.count);
    this.#listsAt = HEADER_BYTES + this.count * ENTRY_BYTES;
    if (this.#listsAt + (this.count === 0 ? 0 : this.listsEnd(this.count - 1)) !== bytes.length)
      throw damaged(`${bytes.length} bytes of ${this.count} producers`);
  }

  stateOf(id: ProducerId): ProducerState | undefined {
    const { high, low } = halvesOf(id);
    const index = this.indexFrom(high, low);
    if (index === this.count || this.#field(index, "high") !== high || this.#field(index, "low") !== low)
      return undefined;
    const { number, chain, lists } = this.entry(index);
    return hasChain(id)
      ? { nextSequence: number, chain: chain as Chain, ...readDeviceLists(lists) }
      : { epoch: number, recent: readKafkaList(lists) };
  }

  /** Of the first entry at the id or behind it. */
  indexFrom(high: number, low: number): number {
    let from = 0;
    let to = this.count;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const there = this.#field(middle, "high") - high || this.#field(middle, "low") - low;
      if (there < 0) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  entry(index: number): SnapshotEntry {
    return {
      high: this.#field(index, "high"),
      low: this.#field(index, "low"),
      number: this.#field(index, "number"),
      chain: this.#field(index, "chain"),
      seen: this.seen(index),
      lists: this.listsOf(index, index + 1),
    };
  }

  isRequest(index: number): boolean {
    return isRequestHigh(this.#field(index, "high"));
  }

  seen(index: number): number {
    return this.#field(index, "seen");
  }

  /** Where the entry's lists end; of -1, where the first begin. */
  listsEnd(index: number): number {
    if (index < 0) return 0;
    const end = HEADER_BYTES + index * ENTRY_BYTES + ENTRY_AT.end;
    if (end + 4 > this.bytes.length) throw damaged(`${this.count} producers in ${this.bytes.length} bytes`);
    return this.#view.getUint32(end);
  }

  /** The entries `[from, to)`, and their lists. */
  entriesOf(from: number, to: number): Uint8Array {
    return this.bytes.subarray(HEADER_BYTES + from * ENTRY_BYTES, HEADER_BYTES + to * ENTRY_BYTES);
  }

  listsOf(from: number, to: number): Uint8Array {
    return this.bytes.subarray(this.#listsAt + this.listsEnd(from - 1), this.#listsAt + this.listsEnd(to - 1));
  }

  #field(index: number, field: keyof typeof ENTRY_AT): number {
    return this.#view.getUint32(HEADER_BYTES + index * ENTRY_BYTES + ENTRY_AT[field]);
  }
}

/** `hasChain` of its id. */
export function isChainEntry({ high }: SnapshotEntry): boolean {
  return high >>> 30 === 1 || isRequestHigh(high);
}

function isRequestHigh(high: number): boolean {
  return high >>> 30 === 2;
}

export function halvesOf(id: ProducerId): { readonly high: number; readonly low: number } {
  return { high: Number.parseInt(id.slice(0, 8), 16), low: Number.parseInt(id.slice(8), 16) };
}
