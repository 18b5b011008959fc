/** A header's key is text (UTF-8); its value is bytes, text or nothing. */
export interface RecordHeader {
  readonly key: string;
  readonly value: Uint8Array | string | null;
}

/** What goes into a batch. Texts are written as UTF-8. */
export interface RecordInput {
  readonly key: Uint8Array | string | null;
  /** Null is a tombstone. */
  readonly value: Uint8Array | string | null;
  readonly headers?: readonly RecordHeader[];
  /** Milliseconds since 1970. */
  readonly timestamp: number;
}

export interface HeaderView {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** What comes out of a batch: bytes are views into it. */
export interface RecordView {
  readonly offset: number;
  readonly timestamp: number;
  /** Kafka's record attributes: unused so far, kept as they are. */
  readonly attributes: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  /** Decoded when asked for. */
  readonly headers: readonly HeaderView[];
}
