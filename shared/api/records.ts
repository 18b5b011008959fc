/**
 * `GET /v1/topics/{topic}/partitions/{partition}/records?offset=&maxBytes=&minBytes=&maxWaitMs=`, for people and
 * `curl`: JSON by default, the batches' bytes for `Accept: application/vnd.strandline.v1` (an envelope as in fetch).
 */
export interface RecordJson {
  readonly offset: number;
  readonly timestamp: number;
  /** UTF-8 keys and values; otherwise `keyBase64` and `valueBase64` stand in their place. */
  readonly key?: string | null;
  readonly keyBase64?: string;
  readonly value?: string | null;
  readonly valueBase64?: string;
  readonly headers: readonly { readonly key: string; readonly value?: string | null; readonly valueBase64?: string }[];
}

export interface RecordsAnswer {
  readonly records: readonly RecordJson[];
  /** Where to go on. */
  readonly nextOffset: number;
  readonly logStartOffset: number;
  readonly highWatermark: number;
}
