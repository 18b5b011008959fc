/** Records cross packed: finished batches in one transferred buffer. */

export interface PackPart {
  readonly topic: string;
  /** -1: count not known to the page; the worker assigns by key. */
  readonly partition: number;
  /** By which it was chosen; 0: not known. */
  readonly partitionCount: number;
  /** Bounds of the batch within the buffer. */
  readonly start: number;
  readonly end: number;
}

/** The sends of one microtask: one batch per (topic, partition), without identity and CRC. */
export interface Pack {
  readonly buffer: ArrayBuffer;
  readonly parts: readonly PackPart[];
  readonly durability: "strict" | "relaxed";
  readonly compression: "none" | "gzip";
}

/** The answer for one part. */
export interface PartAck {
  readonly partition: number;
  readonly localSequence: number;
  /** Of a local topic. */
  readonly baseOffset: number | null;
  /** Of a topic that was made again: as in the receipt. */
  readonly remade?: number;
}

export interface AppendCalls {
  /** All or nothing; one answer per part. */
  append(pack: Pack): Promise<PartAck[]>;
}
