/** A record's key as text, so that different bytes are different texts. */
import { web } from "./web-platform.ts";

const utf8 = new web.TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** A lone surrogate, which no UTF-8 decodes to. */
const NO_TEXT = "\uDFFF";

/** UTF-8 as it reads; other bytes as one character each behind U+DFFF. */
export function keyText(key: Uint8Array): string {
  try {
    return utf8.decode(key);
  } catch {
    return NO_TEXT + Array.from(key, (byte) => String.fromCharCode(byte)).join("");
  }
}
