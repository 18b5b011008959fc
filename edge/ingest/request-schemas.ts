/** The shapes of what is asked of ingest keys, and of what is answered. */
import { z } from "zod";
import {
  WEBHOOK_PRESETS,
  type AlterIngestKeyRequest,
  type CreateIngestKeyRequest,
  type DeleteIngestKeyAnswer,
  type IngestKey,
  type ListIngestKeysAnswer,
  type SignatureScheme,
} from "../../shared/api/ingest-keys.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { NamedSchema } from "../answer-schemas.ts";
import { isOrigin } from "../origin-list.ts";
import { topicId } from "../schemas.ts";

const headerName = z.string().regex(/^[A-Za-z0-9-]{1,64}$/);
const rate = z.number().min(0.001).max(1_000_000_000);
const seconds = z.int().min(1).max(86_400);
const text = z.string().max(64);
const secret = z.string().min(LIMITS.webhookSecretCharsMin).max(512);

const scheme = {
  header: headerName,
  algorithm: z.enum(["sha256", "sha1", "sha512"]),
  encoding: z.enum(["hex", "base64"]),
  prefix: text,
  separator: z.enum([",", " "]).nullable(),
  signed: z.string().max(200),
  timestampHeader: headerName.nullable(),
  timestampPrefix: text.min(1).nullable(),
  idHeader: headerName.nullable(),
  toleranceSeconds: seconds.nullable(),
  secretEncoding: z.enum(["utf8", "base64"]),
} satisfies Record<keyof SignatureScheme, z.ZodType>;

const schemeRequest = z
  .strictObject({ ...scheme, secret })
  .partial()
  .required({ header: true, algorithm: true, encoding: true, secret: true });
const keep = z.array(headerName).max(16).exactOptional();
const webhookRequest = z.union([
  z.strictObject({
    preset: z.enum(WEBHOOK_PRESETS),
    secret: secret.exactOptional(),
    toleranceSeconds: seconds.exactOptional(),
    keep,
  }),
  z.strictObject({ signature: schemeRequest, keep }),
]);
const quota = z.strictObject({ requestsPerSecond: rate.exactOptional(), bytesPerSecond: rate.exactOptional() });
const origins = z
  .array(z.string().refine(isOrigin, "an origin is a scheme, a host and a port if it has one: https://shop.example"))
  .min(1)
  .max(LIMITS.originsPerListMax);

const terms = {
  origins: origins.nullable().exactOptional(),
  quota: quota.nullable().exactOptional(),
  disabled: z.boolean().exactOptional(),
  webhook: webhookRequest.nullable().exactOptional(),
};

export const createIngestKeyRequest: z.ZodType<CreateIngestKeyRequest> = z.strictObject({
  topic: z.string(),
  ...terms,
}) as unknown as z.ZodType<CreateIngestKeyRequest>;

export const alterIngestKeyRequest: z.ZodType<AlterIngestKeyRequest> = z.strictObject(
  terms,
) as unknown as z.ZodType<AlterIngestKeyRequest>;

export interface IngestKeysQuery {
  readonly topic?: string | undefined;
}

export const ingestKeysQuery: z.ZodType<IngestKeysQuery> = z.strictObject({ topic: z.string().optional() });

const ingestKey: z.ZodType<IngestKey> = z.strictObject({
  id: z.string(),
  key: z.string(),
  topic: z.string(),
  topicId,
  origins: origins.nullable(),
  quota: quota.nullable(),
  disabled: z.boolean(),
  webhook: z
    .strictObject({
      preset: z.enum(WEBHOOK_PRESETS).nullable(),
      signature: z.strictObject(scheme).nullable(),
      keep: z.array(z.string()),
    })
    .nullable(),
  createdAt: z.int(),
});

const listAnswer: z.ZodType<ListIngestKeysAnswer> = z.object({ keys: z.array(ingestKey) });
const deleteAnswer: z.ZodType<DeleteIngestKeyAnswer> = z.object({ id: z.string() });

export const INGEST_KEY: NamedSchema = { name: "IngestKey", schema: ingestKey };
export const LIST_INGEST_KEYS_ANSWER: NamedSchema = { name: "ListIngestKeysAnswer", schema: listAnswer };
export const DELETE_INGEST_KEY_ANSWER: NamedSchema = { name: "DeleteIngestKeyAnswer", schema: deleteAnswer };
