/**
 * The chain of a producer on a partition: a hash of everything it ever appended there, in order, 0 before anything
 * (`PROTOCOL.md` 2). Two histories with one chain at one sequence are taken for one history.
 */
import type { Chain, Crc } from "./brands.ts";
import { crc32c } from "./crc32c.ts";

/** "VOID": what stands in front of the sealed CRC of a batch that was given up, and its count. */
const VOID_TAG = 0x564f4944;

const scratch = new Uint8Array(16);
const view = new DataView(scratch.buffer);

export function nextChain(chain: Chain, sealedCrc: Crc): Chain {
  view.setUint32(0, chain);
  view.setUint32(4, sealedCrc);
  return crc32c(scratch, 0, 8) as Chain;
}

/** The chain after a batch was given up. Its CRC is part of it: a twin that holds another batch there has another history. */
export function voidChain(chain: Chain, batch: { readonly count: number; readonly crc: Crc }): Chain {
  view.setUint32(0, chain);
  view.setUint32(4, VOID_TAG);
  view.setUint32(8, batch.count);
  view.setUint32(12, batch.crc);
  return crc32c(scratch, 0, 16) as Chain;
}
