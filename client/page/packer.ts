/**
 * Collects the sends of one microtask into one pack, and hands each send its part of the answer. Sends leave in the
 * order in which they were made; what the worker has not answered yet is bounded, and later sends wait their turn.
 */
import type { Clock } from "../../shared/clock.ts";
import type { RecordBatchWriter } from "../../shared/record-batch-write.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { STICKY, type Partitioning } from "../producer/partitioner.ts";
import type { Pack, PartAck } from "../calls/append-calls.ts";
import type { Message } from "./message.ts";
import { PackBuilder, type PackOptions, type Placement } from "./pack-builder.ts";
import type { PartitionCounts } from "./partition-counts.ts";
import { withOwnBytes } from "./prepare-topic.ts";
import type { PreparedRecord } from "./prepare.ts";
import { SendQueue, type Waiting } from "./send-queue.ts";

/** A pack is closed at this size, so that the worker stores it while the page encodes the next. */
export const PACK_BYTES: number = 2 * 1024 * 1024;
/** Of packs that the worker has not answered. One send alone may be larger. */
export const IN_FLIGHT_BYTES_MAX: number = 8 * 1024 * 1024;

/** What one task packs before the page has its turn, unless a single send is more. */
const RECORDS_PER_TASK = 2_000;

export interface PreparedTopic {
  readonly topic: string;
  readonly messages: readonly Message[];
  readonly records: readonly PreparedRecord[];
}

export interface PreparedSend extends PackOptions {
  readonly topics: readonly PreparedTopic[];
  readonly timeoutMs: number;
  /** Takes it out of the line while it waits there. */
  readonly signal: AbortSignal | undefined;
  readonly partitioning: Partitioning;
  /** Its bytes are not the caller's. */
  readonly owned?: boolean;
}

/** The records of one send in one partition: consecutive from `localSequence`. */
export interface StoredRecords {
  readonly topic: string;
  readonly partition: number;
  readonly localSequence: number;
  readonly count: number;
  readonly baseOffset: number | null;
  /** Which of them begin another batch: the edge may take one and refuse the next. */
  readonly cuts: readonly number[];
  /** As the receipt says. */
  readonly remade?: number;
}

interface Packed extends Waiting {
  readonly placements: readonly Placement[];
}

export interface PackerDeps {
  readonly append: (pack: Pack) => Promise<PartAck[]>;
  readonly counts: PartitionCounts;
  readonly clock: Clock;
  /** Resolves in a later task, once others have had their turn. */
  readonly nextTask: () => Promise<void>;
}

export class Packer {
  readonly #deps: PackerDeps;
  readonly #spareEncoders: RecordBatchWriter[] = [];
  #open: { readonly builder: PackBuilder; readonly sends: Packed[] } | null = null;
  #closing = false;
  #inFlightBytes = 0;
  /** Sends that wait for room or for a partition count, and all that came after them. */
  readonly #queue: SendQueue;
  #learning = false;
  /** Records that may still be packed in this task. */
  #left = RECORDS_PER_TASK;
  #pausing = false;

  constructor(deps: PackerDeps) {
    this.#deps = deps;
    this.#queue = new SendQueue(deps.clock, () => this.#drain());
  }

  send(send: PreparedSend): Promise<StoredRecords[]> {
    return new Promise((resolve, reject) => {
      const waiting = { send, resolve, reject };
      if (this.#queue.empty && this.#mayPack(send)) this.#pack(waiting);
      else this.#enqueue({ ...waiting, send: withOwnBytes(send) });
    });
  }

  #mayPack(send: PreparedSend): boolean {
    if (this.#inFlightBytes >= IN_FLIGHT_BYTES_MAX || this.#left <= 0) return false;
    return send.topics.every(({ topic }) => this.#deps.counts.get(topic) !== undefined);
  }

  #enqueue(waiting: Waiting): void {
    this.#queue.add(waiting);
    this.#drain();
  }

  #drain(): void {
    for (let head = this.#queue.head; head !== undefined && !this.#learning; head = this.#queue.head) {
      if (this.#mayPack(head.send)) {
        this.#queue.take(head);
        this.#pack(head);
        continue;
      }
      if (this.#left <= 0) return this.#goOnLater();
      const unknown = head.send.topics.filter(({ topic }) => this.#deps.counts.get(topic) === undefined);
      // No room: the next answer drains on.
      if (unknown.length === 0) return;
      void this.#learn(
        unknown.map(({ topic }) => topic),
        head,
      );
    }
  }

  /** In a task of its own: the page answers its user in between. */
  #goOnLater(): void {
    if (this.#pausing) return;
    this.#pausing = true;
    void this.#deps.nextTask().then(() => {
      this.#pausing = false;
      this.#left = RECORDS_PER_TASK;
      this.#drain();
    });
  }

  async #learn(topics: readonly string[], head: Waiting): Promise<void> {
    this.#learning = true;
    try {
      await Promise.all(topics.map((topic) => this.#deps.counts.learn(topic)));
    } catch (error) {
      if (this.#queue.take(head)) head.reject(error);
    } finally {
      this.#learning = false;
    }
    this.#drain();
  }

  /** All or nothing: partitions are chosen, and refused, before anything is written. */
  #pack(waiting: Waiting): void {
    const { send } = waiting;
    try {
      for (const { records } of send.topics) this.#left -= records.length;
      const chosen = send.topics.map((topic) => this.#choose(send.partitioning, topic));
      const open = this.#openFor(send);
      const placements = send.topics.flatMap((topic, index) =>
        this.#encode(open.builder, send.partitioning, topic, chosen[index] ?? []),
      );
      open.sends.push({ ...waiting, placements });
      if (open.builder.bytes >= PACK_BYTES) this.#close();
      else this.#closeSoon();
    } catch (error) {
      waiting.reject(error);
    }
  }

  #choose(partitioning: Partitioning, { topic, messages, records }: PreparedTopic): number[] {
    const count = this.#deps.counts.get(topic) ?? null;
    let chosen = STICKY;
    return messages.map((message, index) => {
      const record = records[index];
      // The chunks of a message stay together.
      if ((record?.chunk ?? 0) === 0) chosen = partitioning.choose({ topic, count, message, key: record?.key ?? null });
      return chosen;
    });
  }

  #encode(
    builder: PackBuilder,
    partitioning: Partitioning,
    { topic, records }: PreparedTopic,
    chosen: readonly number[],
  ): Placement[] {
    const count = this.#deps.counts.get(topic) ?? 0;
    const placements = new Map<number, Placement>();
    let partition = 0;
    for (const [index, record] of records.entries()) {
      const choice = chosen[index] ?? STICKY;
      const follows = (record.chunk ?? 0) > 0;
      if (!follows) partition = choice === STICKY ? partitioning.sticky(topic, count) : choice;
      const full = builder.add({ topic, partition, partitionCount: count }, record, placements);
      if (full && choice === STICKY && !follows) partitioning.nextBatch(topic, count);
    }
    return [...placements.values()];
  }

  #openFor({ durability, compression }: PackOptions): { readonly builder: PackBuilder; readonly sends: Packed[] } {
    const options = this.#open?.builder.options;
    if (options !== undefined && (options.durability !== durability || options.compression !== compression))
      this.#close();
    return (this.#open ??= { builder: new PackBuilder({ durability, compression }, this.#spareEncoders), sends: [] });
  }

  #closeSoon(): void {
    if (this.#closing) return;
    this.#closing = true;
    queueMicrotask(() => {
      this.#closing = false;
      if (!this.#pausing) this.#left = RECORDS_PER_TASK;
      this.#close();
    });
  }

  #close(): void {
    const closed = this.#open;
    if (closed === null) return;
    this.#open = null;
    const pack = closed.builder.finish();
    const bytes = pack.buffer.byteLength;
    const asked = pack.parts.map(({ topic, partition }) => ({ topic, partition }));
    this.#inFlightBytes += bytes;
    for (const { send } of closed.sends) this.#endStickyBatch(send);
    this.#deps
      .append(pack)
      .then((acks) => this.#answer(closed.sends, asked, acks))
      .catch((error: unknown) => closed.sends.forEach(({ reject }) => reject(error)))
      .finally(() => {
        this.#inFlightBytes -= bytes;
        this.#drain();
      });
  }

  #endStickyBatch({ topics, partitioning }: PreparedSend): void {
    for (const { topic } of topics) partitioning.nextBatch(topic, this.#deps.counts.get(topic) ?? 0);
  }

  #answer(
    sends: readonly Packed[],
    asked: readonly { topic: string; partition: number }[],
    acks: readonly PartAck[],
  ): void {
    const moved = asked.filter(({ partition }, index) => acks[index]?.partition !== partition);
    if (moved.length > 0) this.#deps.counts.renew(new Set(moved.map(({ topic }) => topic)));
    for (const { placements, resolve } of sends) resolve(placements.map((placement) => storedRecords(placement, acks)));
  }
}

const NO_CUTS: readonly number[] = [];

function storedRecords({ topic, part, first, count, cuts }: Placement, acks: readonly PartAck[]): StoredRecords {
  const ack = acks[part];
  if (ack === undefined) throw new StrandlineError("UNKNOWN_SERVER_ERROR", `the worker answered ${acks.length} parts`);
  const baseOffset = ack.baseOffset === null ? null : ack.baseOffset + first;
  return {
    topic,
    partition: ack.partition,
    localSequence: ack.localSequence + first,
    count,
    baseOffset,
    cuts: cuts ?? NO_CUTS,
    ...(ack.remade === undefined ? {} : { remade: ack.remade }),
  };
}
