/** Tells the records of batches without a partition apart by key, as Kafka's default partitioner does. */
import { partitionForKey } from "../../shared/murmur2.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import type { RecordView } from "../../shared/record.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { recordsOf, type CountedBatch } from "./batch-codec.ts";

interface Target {
  readonly batches: CountedBatch[];
  readonly encoder: RecordBatchEncoder;
}

export class PartitionSplit {
  readonly #partitionCount: number;
  readonly #sticky: number;
  readonly #targets = new Map<number, Target>();
  readonly #assigned: number[] = [];

  /** `sticky`: where records without a key go. */
  constructor(partitionCount: number, sticky: number) {
    this.#partitionCount = partitionCount;
    this.#sticky = sticky;
  }

  add({ bytes }: { readonly bytes: Uint8Array }): void {
    for (const record of recordsOf(bytes)) {
      const partition = record.key === null ? this.#sticky : partitionForKey(record.key, this.#partitionCount);
      this.#assigned.push(partition);
      put(this.#target(partition), record);
    }
  }

  /** The partition of each record, in order. */
  assigned(): Uint16Array<ArrayBuffer> {
    return Uint16Array.from(this.#assigned);
  }

  finish(): { readonly partition: number; readonly batches: readonly CountedBatch[] }[] {
    return [...this.#targets].map(([partition, target]) => {
      close(target);
      return { partition, batches: target.batches };
    });
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
