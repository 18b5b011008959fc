/**
 * The edge's operations as calls: grammar in, grammar out. A refusal by the edge rejects with its typed error; so does
 * an answer that is not the grammar, as `UNKNOWN_SERVER_ERROR`.
 */
import type { AnnounceDeviceAnswer, AnnounceDeviceRequest } from "../../shared/api/devices.ts";
import type { FetchHead, FetchRequest } from "../../shared/api/fetch.ts";
import type { ListOffsetsAnswer } from "../../shared/api/list-offsets.ts";
import { release } from "../../shared/release.ts";
import { ENVELOPE_MEDIA_TYPE, JSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import type { MetadataAnswer, TopicMetadata } from "../../shared/api/metadata.ts";
import type { ProduceAnswer, ProduceHead } from "../../shared/api/produce.ts";
import type { ReconcileAnswer, ReconcileRequest } from "../../shared/api/reconcile.ts";
import type { TicketAnswer } from "../../shared/api/tickets.ts";
import type { CreateTopicRequest } from "../../shared/api/topics.ts";
import type { Offset } from "../../shared/brands.ts";
import { readEnvelope, takePayloads, writeEnvelope } from "../../shared/envelope.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { web } from "../../shared/web-platform.ts";
import type { EdgeRequest } from "../calls/admin-calls.ts";
import type { Transport, TransportRequest, TransportResponse } from "./transport.ts";

const REQUEST_TIMEOUT_MS = 30_000;
/** A long-poll may take its whole wait, and then the answer has to come through. */
const POLL_GRACE_MS = 15_000;

const decoder = new web.TextDecoder();

export interface FetchedPayloads {
  readonly head: FetchHead;
  /** In the head's order. */
  readonly payloads: readonly Uint8Array[];
}

export class EdgeClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Takes the runs' buffers over. */
  async produce(
    head: ProduceHead,
    runs: readonly Uint8Array<ArrayBuffer>[],
    signal: AbortSignal,
  ): Promise<ProduceAnswer> {
    const body = writeEnvelope(head, runs);
    for (const run of runs) release(run);
    try {
      const answer = await this.#json<ProduceAnswer>({
        method: "POST",
        path: "/v1/produce",
        contentType: ENVELOPE_MEDIA_TYPE,
        body,
        timeoutMs: REQUEST_TIMEOUT_MS,
        signal,
      });
      return demandList(answer, "partitions");
    } finally {
      release(body);
    }
  }

  async fetch(request: FetchRequest, signal: AbortSignal): Promise<FetchedPayloads> {
    const body = await this.#bytes({
      ...post("/v1/fetch", request, signal),
      accept: ENVELOPE_MEDIA_TYPE,
      timeoutMs: request.maxWaitMs + POLL_GRACE_MS,
    });
    const { head, payloadStart } = readEnvelope(body);
    const fetched = demandList(head as FetchHead, "partitions");
    const lengths = fetched.partitions.map((one) => one.bytes);
    return { head: fetched, payloads: takePayloads(body, payloadStart, lengths) };
  }

  async reconcile(
    topic: string,
    partition: number,
    request: ReconcileRequest,
    signal: AbortSignal,
  ): Promise<ReconcileAnswer> {
    const path = `/v1/topics/${encodeURIComponent(topic)}/partitions/${partition}/reconcile`;
    return demandList(await this.#json<ReconcileAnswer>(post(path, request, signal)), "batches");
  }

  /** Without names: all topics. `create`: those that do not exist are made, where the edge allows it. */
  async metadata(names: readonly string[] | null, create: boolean, signal: AbortSignal): Promise<MetadataAnswer> {
    const query = new URLSearchParams();
    if (names !== null) query.set("topics", names.join(","));
    if (create) query.set("create", "true");
    const path = `/v1/metadata?${query.toString()}`;
    const answer = await this.#json<MetadataAnswer>({ method: "GET", path, timeoutMs: REQUEST_TIMEOUT_MS, signal });
    return demandList(answer, "topics");
  }

  async createTopic(request: CreateTopicRequest, signal: AbortSignal): Promise<TopicMetadata> {
    return await this.#json<TopicMetadata>(post("/v1/topics", request, signal));
  }

  /** Of the first record at or after the time; null where there is none. */
  async offsetForTime(
    { topic, partition, timestamp }: { readonly topic: string; readonly partition: number; readonly timestamp: number },
    signal: AbortSignal,
  ): Promise<Offset | null> {
    const path = `/v1/topics/${encodeURIComponent(topic)}/partitions/${partition}/offsets?at=${timestamp}`;
    const { offset } = await this.#json<ListOffsetsAnswer>({
      method: "GET",
      path,
      timeoutMs: REQUEST_TIMEOUT_MS,
      signal,
    });
    return offset as Offset | null;
  }

  /** For one socket, at once. */
  async ticket(signal: AbortSignal): Promise<string> {
    const request = { method: "POST", path: "/v1/tickets", timeoutMs: REQUEST_TIMEOUT_MS, signal } as const;
    const { ticket } = await this.#json<TicketAnswer>(request);
    if (typeof ticket === "string") return ticket;
    throw new StrandlineError("UNKNOWN_SERVER_ERROR", "the answer has no ticket");
  }

  /** Any route, for administration: what it takes and answers, the caller knows. */
  async request({ method, path, body, timeoutMs, keepalive }: EdgeRequest, signal: AbortSignal): Promise<unknown> {
    const sent = body === undefined ? {} : { contentType: JSON_MEDIA_TYPE, body: JSON.stringify(body) };
    return await this.#json<unknown>({
      method,
      path,
      ...sent,
      ...(keepalive === true ? { keepalive } : {}),
      timeoutMs,
      signal,
    });
  }

  async announceDevice(request: AnnounceDeviceRequest, signal: AbortSignal): Promise<AnnounceDeviceAnswer> {
    return demandList(await this.#json<AnnounceDeviceAnswer>(post("/v1/devices", request, signal)), "devices");
  }

  async #json<Answer>(request: TransportRequest): Promise<Answer> {
    const { status, body } = await this.#answer(request);
    // 204: it is done, and there is nothing to tell.
    return (status === 204 ? null : parse(body, request)) as Answer;
  }

  async #bytes(request: TransportRequest): Promise<Uint8Array<ArrayBuffer>> {
    return (await this.#answer(request)).body;
  }

  async #answer(request: TransportRequest): Promise<TransportResponse> {
    const answered = await this.#transport.request(request);
    const { status, body, retryAfterMs } = answered;
    if (status >= 200 && status < 300) return answered;
    const answer = tryParse(body);
    if (isRecord(answer) && isRecord(answer["error"])) throw StrandlineError.fromBody(answer["error"]);
    // A proxy, or an edge in trouble: whatever it says is not about the request, but for when to come back.
    const code = status === 429 ? "THROTTLING_QUOTA_EXCEEDED" : "UNKNOWN_SERVER_ERROR";
    throw new StrandlineError(code, `${request.method} ${request.path} answered ${status}`, {
      status,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }
}

function post(path: string, body: unknown, signal: AbortSignal): TransportRequest {
  return {
    method: "POST",
    path,
    contentType: JSON_MEDIA_TYPE,
    body: JSON.stringify(body),
    timeoutMs: REQUEST_TIMEOUT_MS,
    signal,
  };
}

function parse(body: Uint8Array, request: TransportRequest): unknown {
  const answer = tryParse(body);
  if (isRecord(answer)) return answer;
  throw new StrandlineError(
    "UNKNOWN_SERVER_ERROR",
    `${request.method} ${request.path} answered something that is not JSON`,
  );
}

function tryParse(body: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(body)) as unknown;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function demandList<Answer extends object>(answer: Answer, field: keyof Answer & string): Answer {
  if (isRecord(answer) && Array.isArray(answer[field])) return answer;
  throw new StrandlineError("UNKNOWN_SERVER_ERROR", `the answer has no list "${field}"`);
}
