/** What a running consumer knows of each partition: how far the handlers came, what is to be committed, sought, paused. */
import type { ChunkAssembler } from "./chunks.ts";
import type { PolledRun, TopicPartitionOffset } from "../calls/consumer-calls.ts";

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

export class PositionBook {
  /** The next offset to be handled. */
  readonly #resolved = new Map<string, TopicPartitionOffset>();
  readonly #uncommitted = new Map<string, TopicPartitionOffset>();
  /** The worker is to hear of these before it is asked for more. */
  readonly #seeks = new Map<string, TopicPartitionOffset>();
  readonly #paused = new Map<string, TopicPartition>();
  readonly #pausedTopics = new Set<string>();
  readonly chunks: ChunkAssembler;

  constructor(chunks: ChunkAssembler) {
    this.chunks = chunks;
  }

  begin(run: PolledRun): void {
    const { topic, partition, from } = run;
    this.#resolved.set(nameOf(run), { topic, partition, offset: from });
  }

  /** Everything below `offset` was handled. */
  resolve({ topic, partition }: TopicPartition, offset: number): void {
    const position = { topic, partition, offset };
    if (this.#seeks.has(nameOf(position))) return;
    this.chunks.resolved(position, offset);
    this.#resolved.set(nameOf(position), position);
    this.#uncommitted.set(nameOf(position), position);
  }

  /** Of a message whose chunks have not all come nothing is committed: whoever starts there needs its first. */
  uncommitted(): TopicPartitionOffset[] {
    return this.committable([...this.#uncommitted.values()]);
  }

  committable(positions: readonly TopicPartitionOffset[]): TopicPartitionOffset[] {
    return positions.map((position) => {
      const offset = this.chunks.committable(position, position.offset);
      return offset === position.offset ? position : { ...position, offset };
    });
  }

  committed(positions: readonly TopicPartitionOffset[]): void {
    for (const position of positions) {
      if (this.#uncommitted.get(nameOf(position))?.offset === position.offset)
        this.#uncommitted.delete(nameOf(position));
    }
  }

  seek(position: TopicPartitionOffset): void {
    this.chunks.forget(position);
    this.#seeks.set(nameOf(position), position);
    this.#uncommitted.delete(nameOf(position));
  }

  seeks(): TopicPartitionOffset[] {
    return [...this.#seeks.values()];
  }

  sought(position: TopicPartitionOffset): void {
    if (this.#seeks.get(nameOf(position)) === position) this.#seeks.delete(nameOf(position));
    this.#resolved.set(nameOf(position), position);
  }

  /** What was read but not handled is to be read again. */
  rewind(run: PolledRun): void {
    const name = nameOf(run);
    const position = this.#resolved.get(name);
    if (position === undefined || position.offset >= run.to || this.#seeks.has(name)) return;
    this.#seeks.set(name, position);
  }

  /** Of a run that no handler saw. */
  rewindUndelivered(run: PolledRun): void {
    if (this.#seeks.has(nameOf(run))) return;
    this.begin(run);
    this.rewind(run);
  }

  /** A handler may go on with this partition. */
  wanted(of: TopicPartition): boolean {
    return !this.isPaused(of) && !this.#seeks.has(nameOf(of));
  }

  /** Without `partitions`: the topic, with those it will have too. */
  pause(topic: string, partitions: readonly number[] | undefined): void {
    if (partitions === undefined) this.#pausedTopics.add(topic);
    else for (const partition of partitions) this.#paused.set(nameOf({ topic, partition }), { topic, partition });
  }

  resume(topic: string, partitions: readonly number[] | undefined): void {
    if (partitions !== undefined) {
      for (const partition of partitions) this.#paused.delete(nameOf({ topic, partition }));
      return;
    }
    this.#pausedTopics.delete(topic);
    for (const [name, paused] of this.#paused) if (paused.topic === topic) this.#paused.delete(name);
  }

  isPaused(of: TopicPartition): boolean {
    return this.#pausedTopics.has(of.topic) || this.#paused.has(nameOf(of));
  }

  pausedPartitions(): TopicPartition[] {
    return [...this.#paused.values()];
  }

  pausedTopics(): string[] {
    return [...this.#pausedTopics];
  }

  /** After the worker died. A group goes on at its committed offsets: another tab may have come further meanwhile. */
  reopened(inGroup: boolean): void {
    this.#uncommitted.clear();
    if (inGroup) return;
    for (const [name, position] of this.#resolved) if (!this.#seeks.has(name)) this.#seeks.set(name, position);
  }
}
