/** Ingest keys of the open edge, and what is sent under them. */
import type { CreateIngestKeyRequest, IngestKey } from "../../shared/api/ingest-keys.ts";
import { call, newPlace, type Place } from "./edge.ts";

export interface KeyedPlace extends Place {
  readonly key: string;
  readonly id: string;
}

/** Of a topic of its own with one partition. */
export async function newKey(terms: Omit<CreateIngestKeyRequest, "topic"> = {}): Promise<KeyedPlace> {
  const place = await newPlace();
  const { key, id } = await keyOf({ topic: place.name, ...terms });
  return { ...place, key, id };
}

export async function keyOf(request: CreateIngestKeyRequest): Promise<IngestKey> {
  const response = await call("/v1/ingest-keys", { json: request });
  if (response.status !== 201) throw new Error(await response.text());
  return await response.json();
}

export interface Sent {
  readonly type?: string | null;
  readonly body?: BodyInit;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function ingest(
  { key }: Pick<KeyedPlace, "key">,
  { type = "application/json", body = '{"value":"a"}', headers = {} }: Sent = {},
): Promise<Response> {
  return await call(`/v1/ingest/${key}`, {
    method: "POST",
    body: typeof body === "string" ? new TextEncoder().encode(body) : body,
    headers: { ...(type === null ? {} : { "content-type": type }), ...headers },
  });
}
