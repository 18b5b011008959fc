/**
 * `Idempotency-Key`: a request that is made again under its key is answered as it was the first time, and stored once.
 * Principal and key become an id that no producer can claim (`shared/producer-identity.ts`).
 */
import type { Chain, ProducerId } from "../../shared/brands.ts";
import { crc32c } from "../../shared/crc32c.ts";
import { requestProducerIdOf } from "../../shared/producer-identity.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";

export interface Idempotency {
  readonly key: string;
  readonly producerId: ProducerId;
  /** Of the whole body: every partition's chain begins with it, so that any of them tells another body. */
  readonly digest: Chain;
}

const KEY = /^[\x21-\x7e]{1,255}$/;

/** Null: none is stated. A structured field's string, or the bare text. Throws `INVALID_REQUEST`. */
export function idempotencyKeyOf(headers: Headers): string | null {
  const stated = headers.get("idempotency-key");
  if (stated === null) return null;
  const key = /^"(.*)"$/.exec(stated)?.[1] ?? stated;
  if (KEY.test(key)) return key;
  throw new StrandlineError("INVALID_REQUEST", "Idempotency-Key: 1 to 255 visible ASCII characters", {
    field: "Idempotency-Key",
  });
}

export async function idempotencyOf(
  caller: { readonly namespace: string; readonly principal: string },
  key: string,
  body: Uint8Array,
): Promise<Idempotency> {
  const { namespace, principal } = caller;
  const producerId = await requestProducerIdOf({ namespace, principal, idempotencyKey: key });
  return { key, producerId, digest: crc32c(body) as number as Chain };
}
