/**
 * `POST /v1/ingest-keys`, `GET /v1/ingest-keys`, `PATCH` and `DELETE /v1/ingest-keys/{id}`: keys by which records go into
 * one topic and nothing else can be done. A key is publishable: it stands in pages and in the addresses of webhooks. All
 * of it needs `ALTER` on the topic; keys of other topics are as if they were not there.
 */

/** A second, in the isolate that is asked. */
export interface IngestQuota {
  readonly requestsPerSecond?: number;
  readonly bytesPerSecond?: number;
}

export const WEBHOOK_PRESETS = ["github", "stripe", "shopify", "slack", "standard-webhooks", "unsigned"] as const;

export type WebhookPreset = (typeof WEBHOOK_PRESETS)[number];

/** How a webhook's sender signs what it sends, without the secret. */
export interface SignatureScheme {
  /** The header that the signature is in. */
  readonly header: string;
  readonly algorithm: "sha256" | "sha1" | "sha512";
  readonly encoding: "hex" | "base64";
  /** What stands before a signature: `sha256=`. */
  readonly prefix: string;
  /** Between the parts of the header, of which those with the prefix are signatures; null: the header is one. */
  readonly separator: "," | " " | null;
  /** What is signed: text with `{timestamp}` and `{id}` in it, and `{body}` at the end. */
  readonly signed: string;
  /** The header that `{timestamp}` is in, in seconds since 1970. */
  readonly timestampHeader: string | null;
  /** Or what stands before it in a part of `header`. */
  readonly timestampPrefix: string | null;
  readonly idHeader: string | null;
  /** How far the timestamp may be from the edge's clock, either way; where there is one. */
  readonly toleranceSeconds: number | null;
  /** What the bytes of the secret are: its UTF-8, or what it is the Base64 of. */
  readonly secretEncoding: "utf8" | "base64";
}

export type SchemeRequest = Pick<SignatureScheme, "header" | "algorithm" | "encoding"> & Partial<SignatureScheme>;

export type WebhookRequest =
  | {
      readonly preset: WebhookPreset;
      /** What the sender was given, or gave. Never answered. None where it signs nothing. */
      readonly secret?: string;
      readonly toleranceSeconds?: number;
      readonly keep?: readonly string[];
    }
  | { readonly signature: SchemeRequest & { readonly secret: string }; readonly keep?: readonly string[] };

/** A webhook's body is one record, as it came. */
export interface Webhook {
  readonly preset: WebhookPreset | null;
  /** Null: nothing is checked. */
  readonly signature: SignatureScheme | null;
  /** Headers of the request that become headers of the record, besides `content-type`. */
  readonly keep: readonly string[];
}

export interface IngestKey {
  readonly id: string;
  /** What stands in the path: `POST /v1/ingest/{key}`. */
  readonly key: string;
  readonly topic: string;
  readonly topicId: string;
  /** Of pages that may use it, no other request; null: whoever has it. */
  readonly origins: readonly string[] | null;
  readonly quota: IngestQuota | null;
  readonly disabled: boolean;
  readonly webhook: Webhook | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export interface CreateIngestKeyRequest {
  readonly topic: string;
  readonly origins?: readonly string[] | null;
  readonly quota?: IngestQuota | null;
  readonly disabled?: boolean;
  readonly webhook?: WebhookRequest | null;
}

/** What is not named stays as it is. */
export type AlterIngestKeyRequest = Omit<CreateIngestKeyRequest, "topic">;

export interface ListIngestKeysAnswer {
  readonly keys: readonly IngestKey[];
}

export interface DeleteIngestKeyAnswer {
  readonly id: string;
}
