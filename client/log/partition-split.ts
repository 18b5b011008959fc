/** Tells the records of batches without a partition apart by key, as Kafka's default partitioner does. */
import { LIMITS } from "../../shared/limits.ts";
import { partitionForKey } from "../../shared/murmur2.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import { recordsOf } from "./batch-codec.ts";

/** More than a record's own header can grow by in another batch. */
const RECORD_GROWTH_BYTES_MAX = 32;

export interface SplitBatch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly count: number;
}

interface Target {
  readonly batches: SplitBatch[];
  encoder: RecordBatchEncoder;
  records: number;
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
      const target = this.#target(partition);
      const size = (record.key?.byteLength ?? 0) + (record.value?.byteLength ?? 0) + headerBytes(record.headers) + RECORD_GROWTH_BYTES_MAX;
      if (target.records > 0 && target.encoder.byteLength + size > LIMITS.batchBytesMax) close(target);
      target.encoder.append(record);
      target.records += 1;
    }
  }

  /** The partition of each record, in order. */
  assigned(): Uint16Array<ArrayBuffer> {
    return Uint16Array.from(this.#assigned);
  }

  finish(): { readonly partition: number; readonly batches: readonly SplitBatch[] }[] {
    return [...this.#targets].map(([partition, target]) => {
      close(target);
      return { partition, batches: target.batches };
    });
  }

  #target(partition: number): Target {
    const known = this.#targets.get(partition);
    if (known !== undefined) return known;
    const made: Target = { batches: [], encoder: new RecordBatchEncoder(), records: 0 };
    this.#targets.set(partition, made);
    return made;
  }
}

function close(target: Target): void {
  if (target.records === 0) return;
  target.batches.push({ bytes: target.encoder.finish({ crc: true }), count: target.records });
  target.encoder = new RecordBatchEncoder();
  target.records = 0;
}

function headerBytes(headers: readonly { readonly key: string; readonly value: Uint8Array | null }[]): number {
  let bytes = 0;
  // A UTF-16 unit is at most three bytes of UTF-8; two lengths of at most five bytes each.
  for (const { key, value } of headers) bytes += key.length * 3 + (value?.byteLength ?? 0) + 10;
  return bytes;
}
