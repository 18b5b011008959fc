/**
 * The device's own records of one topic that the edge does not hold yet, each batch once, and when each of them is over: a
 * committed one not before it was read of the log, so that nothing flickers; a refused one at once.
 */
import { UNASSIGNED, type LocalSequence, type Offset, type Partition, type TopicKey } from "../../shared/brands.ts";
import type { PendingRun, TableNews } from "../calls/table-calls.ts";
import { exactBuffer } from "../consumer/exact-buffer.ts";
import type { Outbox, PartitionRef, Replica } from "../log/device-log.ts";
import type { PartitionRow } from "../log/rows.ts";

const BYTES_PER_LOOK = 512 * 1024;
const BATCHES_PER_LOOK = 512;

interface Line {
  readonly ref: PartitionRef;
  /** The first that was not handed out. */
  next: LocalSequence;
  /** Handed out and not over, in order. */
  readonly open: { readonly first: LocalSequence; readonly end: LocalSequence }[];
}

export interface Fed extends Pick<TableNews, "pending" | "released"> {
  /** All that waits was handed out. */
  readonly complete: boolean;
}

export class PendingFeed {
  readonly #outbox: Outbox;
  readonly #replica: Replica;
  readonly #topicKey: TopicKey;
  readonly #lines = new Map<number, Line>();

  constructor({ outbox, replica }: { readonly outbox: Outbox; readonly replica: Replica }, topicKey: TopicKey) {
    this.#outbox = outbox;
    this.#replica = replica;
    this.#topicKey = topicKey;
  }

  /** `positions`: how far the log was read, by partition. */
  async look(partitionCount: number, positions: readonly Offset[]): Promise<Fed> {
    for (let index: number = UNASSIGNED; index < partitionCount; index += 1)
      if (!this.#lines.has(index)) this.#lines.set(index, this.#newLine(index));
    const lines = [...this.#lines.values()];
    // One view of all counters: a record on its way from -1 to its partition is in one place or the other.
    const rows = await this.#replica.rows(lines.map(({ ref }) => ref));
    const pending: PendingRun[] = [];
    let bytes = 0;
    for (const [index, line] of lines.entries())
      if (bytes < BYTES_PER_LOOK) bytes += await this.#hand(line, rows[index], { into: pending, bytes });
    const complete = lines.every(({ next }, index) => next >= (rows[index]?.nextLocalSequence ?? 0));
    const released = [];
    for (const [index, line] of lines.entries()) {
      const below = await this.#release(line, rows[index], { complete, positions });
      if (below !== null) released.push({ partition: line.ref.partition, below });
    }
    return { pending, released, complete };
  }

  #newLine(partition: number): Line {
    return {
      ref: { topicKey: this.#topicKey, partition: partition as Partition },
      next: 0 as LocalSequence,
      open: [],
    };
  }

  async #hand(
    line: Line,
    row: PartitionRow | undefined,
    { into, bytes }: { readonly into: PendingRun[]; readonly bytes: number },
  ): Promise<number> {
    if (row === undefined) return 0;
    line.next = Math.max(line.next, row.ackedLocalSequence) as LocalSequence;
    if (line.next >= row.nextLocalSequence) return 0;
    const limit = { bytesMax: BYTES_PER_LOOK - bytes, countMax: BATCHES_PER_LOOK };
    const batches = await this.#outbox.read(line.ref, line.next, limit);
    let handed = 0;
    for (const { localSequence, count, bytes: batch } of batches) {
      const buffer = exactBuffer([batch]);
      handed += buffer.byteLength;
      line.next = (localSequence + count) as LocalSequence;
      line.open.push({ first: localSequence, end: line.next });
      into.push({ partition: line.ref.partition, localSequence, count, buffer });
    }
    // Settled since the counters were read: the log has it, or nobody.
    if (batches.length === 0) line.next = row.nextLocalSequence;
    return handed;
  }

  /** In order: what is behind one that is still shown may not be taken from under it. */
  async #release(
    line: Line,
    row: PartitionRow | undefined,
    at: { readonly complete: boolean; readonly positions: readonly Offset[] },
  ): Promise<LocalSequence | null> {
    let below: LocalSequence | null = null;
    for (let head = line.open[0]; head !== undefined; head = line.open[0]) {
      if (row === undefined || head.end > row.ackedLocalSequence) break;
      if (!(await this.#isOver(line.ref, head.end, row, at))) break;
      below = head.end;
      line.open.shift();
    }
    return below;
  }

  async #isOver(
    ref: PartitionRef,
    end: LocalSequence,
    row: PartitionRow,
    { complete, positions }: { readonly complete: boolean; readonly positions: readonly Offset[] },
  ): Promise<boolean> {
    const found = await this.#outbox.find(ref, (end - 1) as LocalSequence);
    // It moved to its partition, and was handed out from there.
    if (found.kind === "pending") return complete;
    if (found.kind !== "committed") return true;
    const read = positions[found.ref.partition] ?? 0;
    return found.offset === null ? read >= row.highWatermark : read > found.offset;
  }
}
