/**
 * One pack: the records of many sends, each written once, straight into the batch of its partition. Several batches
 * of a partition where one would pass the limit, in order.
 */
import { LIMITS } from "../../shared/limits.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import type { Pack, PackPart } from "../worker-api.ts";
import type { PreparedRecord } from "./prepare.ts";

/** Where the records of one send to one partition went: consecutive, from the `first` of part `part` on. */
export interface Placement {
  readonly topic: string;
  readonly partition: number;
  readonly part: number;
  readonly first: number;
  count: number;
}

interface Part {
  readonly topic: string;
  readonly partition: number;
  readonly index: number;
  readonly encoder: RecordBatchEncoder;
  records: number;
}

export type PackOptions = Pick<Pack, "durability" | "compression">;

export class PackBuilder {
  readonly options: PackOptions;
  readonly #parts: Part[] = [];
  readonly #open = new Map<string, Map<number, Part>>();

  constructor(options: PackOptions) {
    this.options = options;
  }

  /** About what it takes so far. */
  get bytes(): number {
    return this.#parts.reduce((sum, { encoder }) => sum + encoder.byteLength, 0);
  }

  topicsAndPartitions(): readonly { readonly topic: string; readonly partition: number }[] {
    return this.#parts;
  }

  /** `into` collects the placements of one send. Returns true where the record began another batch of its partition. */
  add(topic: string, partition: number, record: PreparedRecord, into: Map<number, Placement>): boolean {
    let part = this.#openPart(topic, partition);
    const full = part.records > 0 && part.encoder.byteLength + record.bytesMax > LIMITS.batchBytesMax;
    if (full) part = this.#startPart(topic, partition);
    const placement = into.get(partition);
    if (placement === undefined) into.set(partition, { topic, partition, part: part.index, first: part.records, count: 1 });
    else placement.count += 1;
    part.encoder.append(record);
    part.records += 1;
    return full;
  }

  #openPart(topic: string, partition: number): Part {
    return this.#open.get(topic)?.get(partition) ?? this.#startPart(topic, partition);
  }

  #startPart(topic: string, partition: number): Part {
    const part = { topic, partition, index: this.#parts.length, encoder: new RecordBatchEncoder(), records: 0 };
    this.#parts.push(part);
    const ofTopic = this.#open.get(topic);
    if (ofTopic === undefined) this.#open.set(topic, new Map([[partition, part]]));
    else ofTopic.set(partition, part);
    return part;
  }

  /** All batches one after the other in one buffer that holds nothing else. */
  finish(): Pack {
    const batches = this.#parts.map(({ encoder }) => encoder.finish({ crc: false }));
    const bytes = new Uint8Array(batches.reduce((sum, batch) => sum + batch.byteLength, 0));
    const parts: PackPart[] = [];
    let at = 0;
    for (const [index, batch] of batches.entries()) {
      const part = this.#parts[index];
      if (part === undefined) break;
      bytes.set(batch, at);
      parts.push({ topic: part.topic, partition: part.partition, start: at, end: at + batch.byteLength });
      at += batch.byteLength;
    }
    return { ...this.options, buffer: bytes.buffer, parts };
  }
}
