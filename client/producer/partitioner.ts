/**
 * Which partition a record goes to: the one it names; else Kafka's murmur2 of its key; else one that stays until a
 * batch is full (KIP-480, sticky). A custom partitioner has KafkaJS's shape and runs on the page.
 */
import { UNASSIGNED } from "../../shared/brands.ts";
import { partitionForKey } from "../../shared/murmur2.ts";
import type { Random } from "../../shared/random.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { Message } from "../page/message.ts";

/** KafkaJS's view of a partition. A device knows of no brokers: one leader, number 0, always there. */
export interface PartitionMetadata {
  readonly partitionId: number;
  readonly leader: number;
  readonly partitionErrorCode: number;
}

export type Partitioner = (args: {
  readonly topic: string;
  readonly partitionMetadata: readonly PartitionMetadata[];
  readonly message: Message;
}) => number;

/** Called once per producer. */
export type CreatePartitioner = () => Partitioner;

/**
 * KafkaJS's: `producer({ createPartitioner: Partitioners.DefaultPartitioner })`. Kafka's own, murmur2 of the key, which is
 * what a producer without one does. `LegacyPartitioner` hashed otherwise: whoever needs it for an old topic brings it along.
 */
export const Partitioners: {
  readonly DefaultPartitioner: CreatePartitioner;
  readonly JavaCompatiblePartitioner: CreatePartitioner;
} = { DefaultPartitioner: murmur2Partitioner, JavaCompatiblePartitioner: murmur2Partitioner };

/** For partitioners that are built on it. */
function murmur2Partitioner(): Partitioner {
  const utf8 = new TextEncoder();
  let turn = 0;
  return ({ partitionMetadata: { length }, message: { partition, key } }) => {
    if (partition !== undefined && partition !== null) return partition;
    if (key !== undefined && key !== null)
      return partitionForKey(typeof key === "string" ? utf8.encode(key) : new Uint8Array(key), length);
    turn = (turn + 1) % length;
    return turn;
  };
}

/** Not decided yet: the open batch's partition. */
export const STICKY = -2;

const KEYS_REMEMBERED_MAX = 4_096;

export interface PartitionQuestion {
  readonly topic: string;
  /** Null: not known on this device. */
  readonly count: number | null;
  readonly message: Message;
  readonly key: string | Uint8Array | null;
}

export class Partitioning {
  readonly #custom: Partitioner | null;
  readonly #random: Random;
  readonly #sticky = new Map<string, number>();
  /** Keys repeat: hashing each once saves encoding them twice. By partition count. */
  readonly #remembered = new Map<number, Map<string, number>>();
  readonly #utf8 = new TextEncoder();

  constructor(options: { readonly create: CreatePartitioner | null; readonly random: Random }) {
    const { create } = options;
    // What it does by itself, also where the partition count is not known yet.
    this.#custom = create === null || create === murmur2Partitioner ? null : create();
    this.#random = options.random;
  }

  /** A partition, `STICKY`, or `UNASSIGNED` where the count is not known. Throws for one that does not exist. */
  choose({ topic, count, message, key }: PartitionQuestion): number {
    const explicit = message.partition;
    if (explicit !== undefined && explicit !== null) return checkPartition(topic, explicit, count);
    if (this.#custom !== null) return this.#askCustom(topic, count, message);
    if (count === null) return UNASSIGNED;
    if (key === null) return STICKY;
    return typeof key === "string" ? this.#ofText(key, count) : partitionForKey(key, count);
  }

  /** The partition of keyless records until `nextBatch`. */
  sticky(topic: string, count: number): number {
    const current = this.#sticky.get(topic);
    if (current !== undefined && current < count) return current;
    const chosen = Math.floor(this.#random.next() * count);
    this.#sticky.set(topic, chosen);
    return chosen;
  }

  /** The batch of keyless records was closed: the next goes elsewhere. */
  nextBatch(topic: string, count: number): void {
    const current = this.#sticky.get(topic);
    if (current === undefined || count < 2) return;
    const others = Math.floor(this.#random.next() * (count - 1));
    this.#sticky.set(topic, others < current ? others : others + 1);
  }

  #ofText(key: string, count: number): number {
    let remembered = this.#remembered.get(count);
    if (remembered === undefined) this.#remembered.set(count, (remembered = new Map<string, number>()));
    const known = remembered.get(key);
    if (known !== undefined) return known;
    const partition = partitionForKey(this.#utf8.encode(key), count);
    if (remembered.size >= KEYS_REMEMBERED_MAX) remembered.clear();
    remembered.set(key, partition);
    return partition;
  }

  #askCustom(topic: string, count: number | null, message: Message): number {
    if (count === null) {
      const why = `the partition count of ${topic} is not known on this device yet, and a custom partitioner needs it`;
      throw new StrandlineError("UNKNOWN_TOPIC_OR_PARTITION", why, { topic });
    }
    const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({
      partitionId,
      leader: 0,
      partitionErrorCode: 0,
    }));
    return checkPartition(topic, this.#custom?.({ topic, partitionMetadata, message }), count);
  }
}

function checkPartition(topic: string, partition: unknown, count: number | null): number {
  if (typeof partition !== "number" || !Number.isInteger(partition) || partition < 0 || partition > 0x7fffffff) {
    throw new StrandlineError("INVALID_ARGUMENT", `partition ${String(partition)} of ${topic}`, {
      topic,
      partition: String(partition),
    });
  }
  if (count !== null && partition >= count) {
    throw new StrandlineError("UNKNOWN_TOPIC_OR_PARTITION", `partition ${partition}, ${topic} has ${count}`, {
      topic,
      partition,
      partitionCount: count,
    });
  }
  return partition;
}
