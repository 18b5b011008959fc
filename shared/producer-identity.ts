/** Identities are computed, never asked for: no call, no lost answer, and every copy of a device comes to the same. `PROTOCOL.md` 2. */
import type { ProducerId, ProducerKey, TopicId } from "./brands.ts";
import { bytesOf } from "./utf8.ts";
import { web } from "./web-platform.ts";

const KEY_BYTES = 16;
const ID_BYTES = 8;
const KEY = /^[0-9a-f]{32}$/;

export function isProducerKey(value: string): value is ProducerKey {
  return KEY.test(value);
}

/** The first 8 bytes of SHA-256 over the length-prefixed owner and key, the top two bits set to 01. */
export async function producerIdOf(identity: {
  readonly namespace: string;
  readonly principal: string;
  readonly producerKey: ProducerKey;
}): Promise<ProducerId> {
  const parts = [bytesOf(identity.namespace), bytesOf(identity.principal), bytesOfHex(identity.producerKey)];
  const digest = await sha256(parts.flatMap((part) => [uint32(part.length), part]));
  const id = digest.slice(0, ID_BYTES);
  id[0] = ((id[0] as number) & 0x3f) | 0x40;
  return hexOf(id) as ProducerId;
}

/** Bit 62 set, sign clear: the edge applies the device rules to it. */
export function isDeviceProducer(id: ProducerId): boolean {
  return (Number.parseInt(id.slice(0, 2), 16) & 0xc0) === 0x40;
}

/**
 * Bit 63 set, bit 62 clear: no producer, but one request that the edge must not carry out twice. Producers cannot claim such
 * an id: of the negative ones a request may name -1 alone.
 */
export function isRequestProducer(id: ProducerId): boolean {
  return (Number.parseInt(id.slice(0, 2), 16) & 0xc0) === 0x80;
}

/** As a device's, of the key that the caller chose for the request. */
export async function requestProducerIdOf(request: {
  readonly namespace: string;
  readonly principal: string;
  readonly idempotencyKey: string;
}): Promise<ProducerId> {
  const key = await sha256([bytesOf(request.idempotencyKey)]);
  const id = await producerIdOf({ ...request, producerKey: hexOf(key.slice(0, KEY_BYTES)) as ProducerKey });
  return hexOf(
    Uint8Array.of((Number.parseInt(id.slice(0, 2), 16) & 0x3f) | 0x80, ...bytesOfHex(id.slice(2))),
  ) as ProducerId;
}

/** Two copies that part at one point with the same records come to the same key, and so to the same id. */
export async function successorKeyOf(point: {
  readonly producerKey: ProducerKey;
  readonly topicId: TopicId;
  readonly partition: number;
  readonly sequence: number;
  /** Of the first batch left, as it is stored, unsealed. */
  readonly firstBatchCrc: number;
}): Promise<ProducerKey> {
  const digest = await sha256([
    bytesOfHex(point.producerKey),
    bytesOfHex(point.topicId.replaceAll("-", "")),
    uint32(point.partition),
    uint32(point.sequence),
    uint32(point.firstBatchCrc),
  ]);
  return hexOf(digest.slice(0, KEY_BYTES)) as ProducerKey;
}

export function hexOf(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
  return hex;
}

export function bytesOfHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  for (let index = 0; index < bytes.length; index += 1)
    bytes[index] = Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16);
  return bytes;
}

/** Also of a negative int32: the same four bytes. */
function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

async function sha256(parts: readonly Uint8Array[]): Promise<Uint8Array> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await web.crypto.subtle.digest("SHA-256", bytes));
}
