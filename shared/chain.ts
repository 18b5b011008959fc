/**
 * The chain of a producer on a partition: a hash of everything it ever appended there, in order, 0 before anything
 * (`PROTOCOL.md` 2). Two histories with one chain at one sequence are taken for one history.
 */
import type { Chain, Crc } from "./brands.ts";
import { crc32c } from "./crc32c.ts";

/** "VOID": what stands in the place of a sealed CRC, with the count behind it. */
const VOID_TAG = 0x564f4944;

const scratch = new Uint8Array(12);
const view = new DataView(scratch.buffer);

export function nextChain(chain: Chain, sealedCrc: Crc): Chain {
  view.setUint32(0, chain);
  view.setUint32(4, sealedCrc);
  return crc32c(scratch, 0, 8) as Chain;
}

/** The chain after a batch of `count` records was given up. */
export function voidChain(chain: Chain, count: number): Chain {
  view.setUint32(0, chain);
  view.setUint32(4, VOID_TAG);
  view.setUint32(8, count);
  return crc32c(scratch, 0, 12) as Chain;
}
