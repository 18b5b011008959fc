/**
 * One pack: the records of many sends, each written once, straight into the batch of its partition. Several batches
 * of a partition where one would pass the limit, in order.
 */
import { LIMITS } from "../../shared/limits.ts";
import { RecordBatchWriter } from "../../shared/record-batch-write.ts";
import type { Pack, PackPart } from "../calls/append-calls.ts";
import type { PreparedRecord } from "./prepare.ts";

/** Where the records of one send to one partition went: consecutive, from the `first` of part `part` on. */
export interface Placement {
  readonly topic: string;
  readonly partition: number;
  readonly part: number;
  readonly first: number;
  count: number;
  /** Which of its records begin another batch; absent: they are in one. */
  cuts?: number[];
}

export interface PlaceInPack {
  readonly topic: string;
  readonly partition: number;
  /** By which it was chosen; 0: not known. */
  readonly partitionCount: number;
}

interface Part {
  readonly topic: string;
  readonly partition: number;
  readonly partitionCount: number;
  readonly index: number;
  /** Holds a chunk, and nothing else. */
  alone: boolean;
  readonly encoder: RecordBatchWriter;
}

/** Encoders kept for the next pack: growing a buffer to a batch's size costs as much as filling it. */
const SPARE_ENCODERS_MAX = 4;

export type PackOptions = Pick<Pack, "durability" | "compression">;

export class PackBuilder {
  readonly options: PackOptions;
  readonly #spare: RecordBatchWriter[];
  readonly #parts: Part[] = [];
  readonly #open = new Map<string, Map<number, Part>>();

  /** `spare` is shared by the packs of one page, one after the other. */
  constructor(options: PackOptions, spare: RecordBatchWriter[]) {
    this.options = options;
    this.#spare = spare;
  }

  get bytes(): number {
    return this.#parts.reduce((sum, { encoder }) => sum + encoder.byteLength, 0);
  }

  /** `into` collects the placements of one send. Returns true where the record began another batch of its partition. */
  add(at: PlaceInPack, record: PreparedRecord, into: Map<number, Placement>): boolean {
    const { topic, partition } = at;
    let part = this.#openPart(at);
    const alone = record.chunk !== undefined || part.alone;
    const full = part.encoder.count > 0 && (alone || part.encoder.byteLength + record.bytesMax > LIMITS.batchBytesMax);
    if (full) part = this.#startPart(at);
    part.alone = record.chunk !== undefined;
    const placement = into.get(partition);
    if (placement === undefined)
      into.set(partition, { topic, partition, part: part.index, first: part.encoder.count, count: 1 });
    else {
      if (full) (placement.cuts ??= []).push(placement.count);
      placement.count += 1;
    }
    part.encoder.append(record);
    return full;
  }

  #openPart(at: PlaceInPack): Part {
    return this.#open.get(at.topic)?.get(at.partition) ?? this.#startPart(at);
  }

  #startPart({ topic, partition, partitionCount }: PlaceInPack): Part {
    const part = {
      topic,
      partition,
      partitionCount,
      index: this.#parts.length,
      alone: false,
      encoder: this.#spare.pop() ?? new RecordBatchWriter(),
    };
    this.#parts.push(part);
    const ofTopic = this.#open.get(topic);
    if (ofTopic === undefined) this.#open.set(topic, new Map([[partition, part]]));
    else ofTopic.set(partition, part);
    return part;
  }

  /** All batches one after the other in one buffer that holds nothing else. */
  finish(): Pack {
    const bytes = new Uint8Array(this.bytes);
    let at = 0;
    const parts = this.#parts.map(({ topic, partition, partitionCount, encoder }): PackPart => {
      const start = at;
      at = encoder.finishInto(bytes, start);
      encoder.reset();
      if (this.#spare.length < SPARE_ENCODERS_MAX) this.#spare.push(encoder);
      return { topic, partition, partitionCount, start, end: at };
    });
    return { ...this.options, buffer: bytes.buffer, parts };
  }
}
