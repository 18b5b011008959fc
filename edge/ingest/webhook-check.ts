/**
 * Whether a webhook comes from whom it should: a MAC over the bytes as they came, compared in a time that tells nothing of
 * how much was right. What was sent once can be sent again within the tolerance; where no timestamp is signed, for ever.
 */
import { bytesOf } from "../../shared/utf8.ts";
import { refused } from "../auth/refusal.ts";
import { base64Bytes } from "../intake/base64.ts";
import type { SignatureRule } from "./ingest-rule.ts";

const HASHES = { sha256: "SHA-256", sha1: "SHA-1", sha512: "SHA-512" } as const;
/** A sender that changes its secret signs with both for a while. */
const SIGNATURES_MAX = 8;

/** Throws `SASL_AUTHENTICATION_FAILED`. */
export async function demandSigned(
  rule: SignatureRule,
  headers: Headers,
  body: Uint8Array<ArrayBuffer>,
  nowMs: number,
): Promise<void> {
  const parts = partsOf(rule, headers.get(rule.header));
  const timestamp = timestampOf(rule, headers, parts);
  const signatures = parts.filter((part) => part.startsWith(rule.prefix)).slice(0, SIGNATURES_MAX);
  const content = contentOf(rule, timestamp, headers, body);
  const key = await keyOf(rule);
  let isSigned = false;
  for (const signature of signatures) {
    const bytes = decoded(rule, signature.slice(rule.prefix.length));
    if (bytes !== null && (await crypto.subtle.verify("HMAC", key, bytes, content))) isSigned = true;
  }
  if (!isSigned) throw refused("webhook-signature");
  // Whether it is in time is told to those alone who could sign it.
  if (rule.toleranceSeconds !== null && Math.abs(nowMs / 1_000 - Number(timestamp)) > rule.toleranceSeconds)
    throw refused("webhook-timestamp");
}

function partsOf({ separator }: SignatureRule, header: string | null): string[] {
  if (header === null) return [];
  return separator === null ? [header] : header.split(separator).map((part) => part.trim());
}

function timestampOf({ timestampHeader, timestampPrefix }: SignatureRule, headers: Headers, parts: string[]): string {
  if (timestampHeader === null && timestampPrefix === null) return "";
  const held =
    timestampHeader === null
      ? parts.find((part) => part.startsWith(timestampPrefix ?? ""))?.slice(timestampPrefix?.length)
      : headers.get(timestampHeader);
  if (held === null || held === undefined || !/^\d{1,12}$/.test(held)) throw refused("webhook-timestamp");
  return held;
}

function contentOf(
  { signed, idHeader }: SignatureRule,
  timestamp: string,
  headers: Headers,
  body: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const id = idHeader === null ? "" : headers.get(idHeader);
  if (id === null) throw refused("webhook-signature");
  // By functions: what a header holds is no pattern of a replacement.
  const before = signed
    .slice(0, -"{body}".length)
    .replaceAll(/\{(timestamp|id)\}/g, (_, name) => (name === "id" ? id : timestamp));
  const head = bytesOf(before);
  const content = new Uint8Array(head.length + body.length);
  content.set(head);
  content.set(body, head.length);
  return content;
}

async function keyOf({ secret, secretEncoding, algorithm }: SignatureRule): Promise<CryptoKey> {
  const bytes = secretEncoding === "base64" ? base64Bytes(secret) : bytesOf(secret);
  const raw = Uint8Array.from(bytes ?? []);
  return await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: HASHES[algorithm] }, false, ["verify"]);
}

/** Null: it is none. */
function decoded({ encoding }: SignatureRule, text: string): Uint8Array<ArrayBuffer> | null {
  if (encoding === "base64") {
    const bytes = base64Bytes(text);
    return bytes === null ? null : Uint8Array.from(bytes);
  }
  if (text.length % 2 !== 0 || text.length > 128 || !/^[0-9a-f]+$/i.test(text)) return null;
  return Uint8Array.from({ length: text.length / 2 }, (_, index) =>
    Number.parseInt(text.slice(index * 2, index * 2 + 2), 16),
  );
}
