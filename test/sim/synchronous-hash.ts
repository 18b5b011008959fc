/**
 * SHA-256 without a thread. The platform's own comes back from a thread of its own when it likes, which is the one
 * thing in these tests that time does not rule.
 */
import { createHash } from "node:crypto";
import { vi } from "vitest";

vi.spyOn(globalThis.crypto.subtle, "digest").mockImplementation((_algorithm, data) => {
  const bytes =
    data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return Promise.resolve(Uint8Array.from(createHash("sha256").update(bytes).digest()).buffer);
});
