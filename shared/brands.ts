/**
 * Numbers that could be mixed up carry a brand, and each brand has one gate. `Offset` is a safe-integer
 * `number`: IndexedDB keys and JSON cannot carry a bigint.
 */
import { StrandlineError } from "./strandline-error.ts";

declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Position of a record in a partition at the edge (or of the device's own log without an edge). */
export type Offset = Brand<number, "Offset">;
/** Position of a record among all that this device sent to a partition, from 0. */
export type LocalSequence = Brand<number, "LocalSequence">;
/** Position of a record in the history of one producer identity on one partition, from 0, below 2^31. */
export type Sequence = Brand<number, "Sequence">;
export type Partition = Brand<number, "Partition">;
/** A small integer by which this device names a topic. Never reused. */
export type TopicKey = Brand<number, "TopicKey">;
/** A UUID in its usual text form, lower case. */
export type TopicId = Brand<string, "TopicId">;
/** 8 bytes as 16 lower-case hex digits: never a JavaScript number. */
export type ProducerId = Brand<string, "ProducerId">;
/** 16 bytes as 32 lower-case hex digits, known to the device alone and to the edge it shows it to. */
export type ProducerKey = Brand<string, "ProducerKey">;
/** CRC-32C over a producer's whole history on a partition (`chain.ts`). Unsigned 32 bits. */
export type Chain = Brand<number, "Chain">;
/** CRC-32C of a batch. Unsigned 32 bits. */
export type Crc = Brand<number, "Crc">;

/** Bumped when a rewind of the log is proven; the random half tells two rewinds to one counter apart. */
export interface LeaderEpoch {
  readonly counter: number;
  readonly random: number;
}

export const NO_CHAIN: Chain = 0 as Chain;

export function offset(value: number): Offset {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new StrandlineError("INVALID_ARGUMENT", `offset ${value}`, { offset: value });
  return value as Offset;
}

export function localSequence(value: number): LocalSequence {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new StrandlineError("INVALID_ARGUMENT", `local sequence ${value}`, { localSequence: value });
  return value as LocalSequence;
}

export function sequence(value: number): Sequence {
  if (!Number.isInteger(value) || value < 0 || value > 0x7fffffff)
    throw new StrandlineError("INVALID_ARGUMENT", `sequence ${value}`, { sequence: value });
  return value as Sequence;
}

/** -1 is legal: it is where records of a topic not yet known wait. */
export function partition(value: number): Partition {
  if (!Number.isInteger(value) || value < -1 || value > 0x7fffffff)
    throw new StrandlineError("INVALID_ARGUMENT", `partition ${value}`, { partition: value });
  return value as Partition;
}

export const UNASSIGNED: Partition = -1 as Partition;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function topicId(value: string): TopicId {
  if (!UUID.test(value))
    throw new StrandlineError("INVALID_REQUEST", `topic id ${JSON.stringify(value.slice(0, 64))}`, {
      topicId: value.slice(0, 64),
    });
  return value as TopicId;
}
