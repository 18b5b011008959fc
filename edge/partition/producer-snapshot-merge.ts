/**
 * The next snapshot of a page: the entries of the last one, without those that have grown old, and what has changed
 * since. What did not change is copied in stretches and never decoded, and a page without any change as it is. How large
 * it will be is known before it is written, and where the pages of a shard are more than a row may be, they go without
 * the offsets of recent runs: a duplicate can be answered without them.
 */
import type { ProducerId } from "../../shared/brands.ts";
import { crc32c } from "../../shared/crc32c.ts";
import { deviceListsWithoutRuns, readKafkaList, variableBytesOf } from "./producer-state-bytes.ts";
import type { ProducerState } from "./producer-state.ts";
import {
  CHECKED_AT,
  ENTRY_AT,
  ENTRY_BYTES,
  halvesOf,
  HEADER_AT,
  HEADER_BYTES,
  isChainEntry,
  ProducerSnapshot,
  type SnapshotEntry,
} from "./producer-snapshot.ts";

/** Minutes of the partition's clock. */
export interface SnapshotAges {
  /** What is told of the changed ones. */
  readonly seen: number;
  /** Entries that were last seen before are dropped. */
  readonly seenFrom: number;
  /** The same of requests, which are repeated within a day or not at all. */
  readonly requestsSeenFrom: number;
}

/** Entries `[from, to)` of the old snapshot, or one that is new. */
type Part = { readonly from: number; readonly to: number } | SnapshotEntry;

export class SnapshotMerge {
  readonly #old: ProducerSnapshot;
  readonly #parts: readonly Part[];
  readonly #count: number;
  readonly #listBytes: number;

  private constructor(old: ProducerSnapshot, parts: readonly Part[]) {
    this.#old = old;
    this.#parts = parts;
    this.#count = parts.reduce((sum, part) => sum + ("lists" in part ? 1 : part.to - part.from), 0);
    this.#listBytes = parts.reduce((sum, part) => sum + this.#listsOf(part).length, 0);
  }

  static of(old: ProducerSnapshot, changed: ReadonlyMap<ProducerId, ProducerState>, ages: SnapshotAges): SnapshotMerge {
    const parts: Part[] = [];
    let from = 0;
    for (const entry of entriesOf(changed, ages.seen)) {
      const at = old.indexFrom(entry.high, entry.low);
      addKept(parts, { old, from, to: at }, ages);
      parts.push(entry);
      from = at < old.count && sameId(old.entry(at), entry) ? at + 1 : at;
    }
    addKept(parts, { old, from, to: old.count }, ages);
    return new SnapshotMerge(old, parts);
  }

  /** None at all where no producer is left. */
  get byteLength(): number {
    return this.#count === 0 ? 0 : HEADER_BYTES + this.#count * ENTRY_BYTES + this.#listBytes;
  }

  /** The same without what can be done without. */
  stripped(): SnapshotMerge {
    const entries = this.#parts.flatMap((part) => {
      if ("lists" in part) return [part];
      return Array.from({ length: part.to - part.from }, (_, index) => this.#old.entry(part.from + index));
    });
    return new SnapshotMerge(this.#old, entries.map(strippedEntry));
  }

  /** `bytes`: as many as it takes. */
  writeTo(bytes: Uint8Array): void {
    if (this.#count === 0) return;
    const [first] = this.#parts;
    if (this.#parts.length === 1 && first !== undefined && !("lists" in first) && this.#count === this.#old.count) {
      bytes.set(this.#old.bytes);
      return;
    }
    const listsAt = HEADER_BYTES + this.#count * ENTRY_BYTES;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let entryAt = HEADER_BYTES;
    let end = 0;
    for (const part of this.#parts) {
      const lists = this.#listsOf(part);
      bytes.set(lists, listsAt + end);
      if ("lists" in part) writeEntry(view, entryAt, part, end + lists.length);
      else copyEntries(bytes, entryAt, { old: this.#old, ...part }, end);
      entryAt += ("lists" in part ? 1 : part.to - part.from) * ENTRY_BYTES;
      end += lists.length;
    }
    view.setUint32(HEADER_AT.count, this.#count);
    view.setUint32(HEADER_AT.crc, crc32c(bytes, CHECKED_AT));
  }

  #listsOf(part: Part): Uint8Array {
    return "lists" in part ? part.lists : this.#old.listsOf(part.from, part.to);
  }
}

/** Of a page without producers. */
export const EMPTY_SNAPSHOT: ProducerSnapshot = new ProducerSnapshot(new Uint8Array(HEADER_BYTES));

interface Stretch {
  readonly old: ProducerSnapshot;
  readonly from: number;
  readonly to: number;
}

/** Adds those of the stretch that are not too old, in as few parts as may be. */
function addKept(parts: Part[], { old, from, to }: Stretch, { seenFrom, requestsSeenFrom }: SnapshotAges): void {
  let start = from;
  for (let index = from; index < to; index += 1) {
    if (old.seen(index) >= (old.isRequest(index) ? requestsSeenFrom : seenFrom)) continue;
    if (start < index) parts.push({ from: start, to: index });
    start = index + 1;
  }
  if (start < to) parts.push({ from: start, to });
}

function entriesOf(changed: ReadonlyMap<ProducerId, ProducerState>, seen: number): SnapshotEntry[] {
  const entries = Array.from(changed, ([id, state]) => ({
    ...halvesOf(id),
    number: "chain" in state ? state.nextSequence : state.epoch,
    chain: "chain" in state ? state.chain : 0,
    seen,
    lists: variableBytesOf(state),
  }));
  return entries.toSorted((one, other) => one.high - other.high || one.low - other.low);
}

/** A device's offsets all go; of Kafka's batches the last stays, which says what is to come next. */
function strippedEntry(entry: SnapshotEntry): SnapshotEntry {
  if (isChainEntry(entry)) return { ...entry, lists: deviceListsWithoutRuns(entry.lists) };
  const recent = readKafkaList(entry.lists).slice(-1);
  return { ...entry, lists: variableBytesOf({ epoch: entry.number, recent }) };
}

function sameId(one: SnapshotEntry, other: SnapshotEntry): boolean {
  return one.high === other.high && one.low === other.low;
}

function writeEntry(view: DataView, at: number, entry: SnapshotEntry, end: number): void {
  view.setUint32(at + ENTRY_AT.high, entry.high);
  view.setUint32(at + ENTRY_AT.low, entry.low);
  view.setUint32(at + ENTRY_AT.number, entry.number);
  view.setUint32(at + ENTRY_AT.chain, entry.chain);
  view.setUint32(at + ENTRY_AT.seen, entry.seen);
  view.setUint32(at + ENTRY_AT.end, end);
}

/** `end`: where the lists before these entries end. */
function copyEntries(bytes: Uint8Array, at: number, { old, from, to }: Stretch, end: number): void {
  bytes.set(old.entriesOf(from, to), at);
  const shift = end - old.listsEnd(from - 1);
  if (shift === 0) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let index = from; index < to; index += 1)
    view.setUint32(at + (index - from) * ENTRY_BYTES + ENTRY_AT.end, old.listsEnd(index) + shift);
}
