/**
 * How requests reach the edge. A rejection is always a `StrandlineError`: `NETWORK_EXCEPTION` (no answer came),
 * `REQUEST_TIMED_OUT`, or `CLOSED` (the signal fired). All three are indefinite: the request may have been carried
 * out, and may still be. A response of any status resolves.
 */
export interface TransportRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** With its leading slash, below the edge's url. */
  readonly path: string;
  readonly contentType?: string;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes are given back to the memory once the request has ended, however it ended: who keeps them copies them. */
  readonly body?: Uint8Array<ArrayBuffer> | string;
  readonly timeoutMs: number;
  /** It is sent also where the page goes meanwhile, if it is below 64 kB. */
  readonly keepalive?: boolean;
  readonly signal?: AbortSignal;
}

export interface TransportResponse {
  readonly status: number;
  readonly body: Uint8Array<ArrayBuffer>;
  /** What the `Retry-After` of a refusal asks for, in milliseconds. */
  readonly retryAfterMs?: number;
}

export interface Transport {
  request(request: TransportRequest): Promise<TransportResponse>;
}
