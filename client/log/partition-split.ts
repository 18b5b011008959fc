/**
 * Tells the records of batches without a partition apart by key, as Kafka's default partitioner does. Each batch is
 * split by itself and by nothing but its own bytes: two copies of a device that split it at different times, with
 * other records behind it, come to the same batches, and the edge knows the second as a duplicate of the first.
 */
import { CHUNK_HEADERS } from "../../shared/chunking.ts";
import { crc32c } from "../../shared/crc32c.ts";
import { partitionForKey } from "../../shared/murmur2.ts";
import { BATCH_HEADER_BYTES } from "../../shared/record-batch.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import type { RecordView } from "../../shared/record.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { isWhole, recordsOf, type CountedBatch } from "./batch-codec.ts";

interface Target {
  readonly batches: CountedBatch[];
  readonly encoder: RecordBatchEncoder;
}

export class PartitionSplit {
  readonly #partitionCount: number;
  readonly #targets = new Map<number, Target>();
  readonly #assigned: number[] = [];

  constructor(partitionCount: number) {
    this.#partitionCount = partitionCount;
  }

  /**
   * A batch that lay on the device. Encoding records anew computes a new CRC, so damage has to be found before it; a
   * damaged batch is left as it is, for the sender to find and to give up.
   */
  addStored(batch: CountedBatch): void {
    if (isWhole(batch)) return this.add(batch);
    this.addNamed(batch, this.#sticky(batch.bytes));
  }

  /** A batch whose partition was named goes there as it is. */
  addNamed(batch: CountedBatch, partition: number): void {
    for (let record = 0; record < batch.count; record += 1) this.#assigned.push(partition);
    this.#target(partition).batches.push(batch);
  }

  add({ bytes }: { readonly bytes: Uint8Array }): void {
    const sticky = this.#sticky(bytes);
    for (const record of recordsOf(bytes)) {
      const partition =
        record.key === null ? (this.#ofChunk(record) ?? sticky) : partitionForKey(record.key, this.#partitionCount);
      this.#assigned.push(partition);
      put(this.#target(partition), record);
    }
    for (const target of this.#targets.values()) close(target);
  }

  /** The partition of each record, in order. */
  assigned(): Uint16Array<ArrayBuffer> {
    return Uint16Array.from(this.#assigned);
  }

  finish(): { readonly partition: number; readonly batches: readonly CountedBatch[] }[] {
    return [...this.#targets].map(([partition, { batches }]) => ({ partition, batches }));
  }

  /** Records without a key go together, anywhere: the hash of all of them spreads batches as a random draw would. */
  #sticky(bytes: Uint8Array): number {
    return crc32c(bytes, BATCH_HEADER_BYTES) % this.#partitionCount;
  }

  /** The chunks of a value without a key stay together, though each is a batch: by the id that they share. */
  #ofChunk({ headers }: RecordView): number | null {
    const id = headers.find(({ key }) => key === CHUNK_HEADERS.id)?.value;
    return id == null ? null : partitionForKey(id, this.#partitionCount);
  }

  #target(partition: number): Target {
    const known = this.#targets.get(partition);
    if (known !== undefined) return known;
    const made: Target = { batches: [], encoder: new RecordBatchEncoder() };
    this.#targets.set(partition, made);
    return made;
  }
}

function put(target: Target, record: RecordView): void {
  try {
    target.encoder.append(record);
  } catch (error) {
    // The batch is full, or the times are too far apart for it: a refused record leaves it as it was.
    if (!(error instanceof StrandlineError) || target.encoder.count === 0) throw error;
    close(target);
    target.encoder.append(record);
  }
}

function close({ encoder, batches }: Target): void {
  if (encoder.count === 0) return;
  batches.push({ bytes: encoder.finish(), count: encoder.count });
  encoder.reset();
}
