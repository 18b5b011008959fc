/** Base64 as people and tools write it (RFC 4648, 4): padded or not. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Null: it is none. */
export function base64Bytes(text: string): Uint8Array | null {
  if (!BASE64.test(text)) return null;
  try {
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let index = 0; index < bytes.length; index += 1) bytes[index] = binary.charCodeAt(index);
    return bytes;
  } catch {
    return null;
  }
}

export function base64Of(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
