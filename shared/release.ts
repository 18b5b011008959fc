/**
 * Gives the memory of bytes back now: nobody may look at them again. Waiting for the collector, which does not hurry for
 * buffers, a worker that appends and syncs held several times what it needed.
 */
export function release(bytes: Uint8Array<ArrayBuffer> | ArrayBuffer): void {
  const buffer = bytes instanceof ArrayBuffer ? bytes : bytes.buffer;
  // Browsers of before 2024 do not have it, and keep the memory until it is collected.
  if (!buffer.detached) buffer.transfer?.(0);
}
