/** A MAC over several texts, as text that stands in an id, a header or a subprotocol: base64url without padding. */
import { bytesOf, textOf } from "../../shared/utf8.ts";

/** HMAC-SHA-256: 43 characters. */
export async function macOf(key: CryptoKey, texts: readonly string[]): Promise<string> {
  return base64Url(new Uint8Array(await crypto.subtle.sign("HMAC", key, encoded(texts))));
}

/** In the time that it takes, however much of it is right. */
export async function isMacOf(key: CryptoKey, texts: readonly string[], mac: string): Promise<boolean> {
  const bytes = fromBase64Url(mac);
  return bytes !== null && (await crypto.subtle.verify("HMAC", key, bytes, encoded(texts)));
}

export function base64Url(bytes: Uint8Array): string {
  const text = btoa(Array.from(bytes, (byte) => String.fromCodePoint(byte)).join(""));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function base64UrlText(text: string): string {
  return base64Url(bytesOf(text));
}

/** Null: it is none. */
export function textOfBase64Url(text: string): string | null {
  const bytes = fromBase64Url(text);
  return bytes === null ? null : textOf(bytes);
}

/** One text for each value: what does not come out again as it went in is none. */
function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return null;
  const bytes = Uint8Array.from(
    atob(text.replaceAll("-", "+").replaceAll("_", "/")),
    (char) => char.codePointAt(0) ?? 0,
  );
  return base64Url(bytes) === text ? bytes : null;
}

/** Each with its length in front: no two lists of texts are the same bytes. */
function encoded(texts: readonly string[]): Uint8Array<ArrayBuffer> {
  const parts = texts.map(bytesOf);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}
