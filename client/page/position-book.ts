/** What a running consumer knows of each partition: how far the handlers came, what is to be committed, sought, paused. */
import type { ChunkAssembler } from "./chunks.ts";
import { GroupShare } from "./group-share.ts";
import { lineName, nameOf, ownedByAny, resolvedAt, seekName, type Line, type Resolved } from "./line-position.ts";
import type { PausedPartitions, TopicPartition } from "./paused-partitions.ts";
import type {
  ConsumerNews,
  HandledTo,
  PolledRun,
  SeekPosition,
  TopicPartitionOffset,
} from "../calls/consumer-calls.ts";

/** From where a transaction starts: the group's committed offset (null: none), and how often it was asked for. */
export interface Base {
  readonly expected: number | null;
  readonly joins: number;
}

export class PositionBook {
  /** The next record to be handled. */
  readonly #resolved = new Map<string, Resolved>();
  readonly #uncommitted = new Map<string, TopicPartitionOffset & { readonly since: number }>();
  /** Under which a partition was handled last: what its user commits is of that. */
  readonly #ownerships = new Map<string, number>();
  /** The worker is to hear of these before it is asked for more. */
  readonly #seeks = new Map<string, SeekPosition>();
  /** Sought by the caller, and not committed since: the group's offset knows nothing of it. */
  readonly #astray = new Set<string>();
  /** Of these seeks the handlers' failures are the cause, not the caller. */
  readonly #rewound = new Set<string>();
  /** The group's committed offset by all that was sent to be committed. */
  readonly #bases = new Map<string, Base>();
  /** The worker is to go on at the group's committed offset. */
  readonly #fenced = new Map<string, TopicPartition>();
  /** What is resolved of these may be taken back. True: a handler's transaction commits it, or nobody. */
  readonly #marked = new Map<string, boolean>();
  /** The group goes on with these at its own place, but what was read before is still being handled. */
  readonly #startingOver = new Map<string, TopicPartition>();
  readonly chunks: ChunkAssembler;
  readonly paused: PausedPartitions;
  readonly share: GroupShare;

  constructor(chunks: ChunkAssembler, paused: PausedPartitions, share: GroupShare = new GroupShare(false)) {
    this.chunks = chunks;
    this.paused = paused;
    this.share = share;
  }

  begin(run: PolledRun): void {
    const name = lineName(run);
    this.#resolved.set(name, resolvedAt(run, run.from));
    const { committed: expected, joins, ownership } = run;
    if (ownership !== undefined) this.#ownerships.set(nameOf(run), ownership);
    if (expected === undefined || joins === undefined) return;
    // What the run brings is older where it was read ahead of a commit.
    if (this.#bases.get(name)?.joins !== joins) this.#bases.set(name, { expected, joins });
  }

  /** The group has had no offset: it begins here. */
  started({ topic, partition, offset, ownership, joins }: Extract<ConsumerNews, { type: "start" }>): void {
    const name = nameOf({ topic, partition });
    if (this.#goesElsewhere(name) || this.share.ownershipOf({ topic, partition }) !== ownership) return;
    this.#ownerships.set(name, ownership);
    this.#bases.set(name, { expected: null, joins });
    this.#uncommitted.set(name, { topic, partition, offset, since: offset });
  }

  /** Everything below `offset` was handled; of a pending run, below that local sequence. */
  resolve(run: Line, offset: number): void {
    const name = lineName(run);
    if (this.#goesElsewhere(name) || !this.share.counts(run)) return;
    if (!this.#marked.has(name)) this.chunks.resolved(run, offset);
    const since = this.#uncommitted.get(name)?.since ?? this.#resolved.get(name)?.at ?? offset;
    this.#resolved.set(name, resolvedAt(run, offset));
    const { topic, partition, handledTo = -1 } = run;
    // What is pending has no offset that a group could go on from.
    if (run.pending || offset <= handledTo || this.#marked.get(name) === true) return;
    this.#uncommitted.set(name, { topic, partition, offset, since });
  }

  isResolved(run: Line, offset: number): boolean {
    return (this.#resolved.get(lineName(run))?.at ?? 0) >= offset;
  }

  resolvedTo(run: PolledRun): number {
    return this.#resolved.get(lineName(run))?.at ?? run.from;
  }

  /** Returns the way back to how things stand with the line, unless it is to go on elsewhere by then. */
  mark(run: Line): () => void {
    const name = lineName(run);
    const [resolved, uncommitted] = [this.#resolved.get(name), this.#uncommitted.get(name)];
    this.#marked.set(name, false);
    return () => {
      if (this.#goesElsewhere(name) || !this.share.counts(run)) return;
      if (resolved !== undefined) this.#resolved.set(name, resolved);
      if (uncommitted === undefined) this.#uncommitted.delete(name);
      else this.#uncommitted.set(name, uncommitted);
    };
  }

  /** Whether the handler at work has a transaction. */
  applies(run: Line, applies: boolean): void {
    this.#marked.set(lineName(run), applies);
  }

  /** Nothing is taken back any more. */
  unmark(run: Line): void {
    const name = lineName(run);
    this.#marked.delete(name);
    this.chunks.resolved(run, this.#resolved.get(name)?.read ?? 0);
  }

  /** What was handled of it waits for what is being committed. */
  withhold(of: TopicPartition): void {
    this.#uncommitted.delete(nameOf(of));
  }

  uncommitted(): HandledTo[] {
    return this.committable([...this.#uncommitted.values()].map(({ since: _, ...position }) => position));
  }

  /** Of a message whose chunks have not all come whoever starts there needs the first. */
  committable(positions: readonly HandledTo[]): HandledTo[] {
    return positions.map(({ topic, partition, offset, metadata }) => {
      const readFrom = this.chunks.neededFrom({ topic, partition }, offset);
      const ownership = this.#ownerships.get(nameOf({ topic, partition }));
      const owned = ownership === undefined ? {} : { ownership };
      const told = metadata === undefined ? {} : { metadata };
      return { topic, partition, offset, ...(readFrom < offset ? { readFrom } : {}), ...told, ...owned };
    });
  }

  /** Of what was handled and not committed: where it begins and ends. Null: nothing is. */
  uncommittedRange(of: TopicPartition): { readonly from: number; readonly to: number } | null {
    const uncommitted = this.#uncommitted.get(nameOf(of));
    return uncommitted === undefined || uncommitted.since >= uncommitted.offset
      ? null
      : { from: uncommitted.since, to: uncommitted.offset };
  }

  /** Records that were handled since they were last committed. */
  uncommittedCount(): number {
    let count = 0;
    for (const { offset, since } of this.#uncommitted.values()) count += Math.max(0, offset - since);
    return count;
  }

  /** Asked of the worker, which does one after the other: transactions begun from now on start there. */
  committing(positions: readonly TopicPartitionOffset[]): void {
    for (const position of positions) {
      const base = this.#bases.get(nameOf(position));
      if (base !== undefined) this.#bases.set(nameOf(position), { ...base, expected: position.offset });
    }
  }

  base(of: TopicPartition): Base {
    return this.#bases.get(nameOf(of)) ?? { expected: null, joins: 0 };
  }

  /** What was handled here counts no more, or may have counted already: the group's committed offset tells. */
  fence(run: Line): void {
    const { topic, partition } = run;
    const name = nameOf(run);
    if (!this.share.counts(run)) return;
    this.#fenced.set(name, { topic, partition });
    this.chunks.forget({ topic, partition });
    this.#uncommitted.delete(name);
    this.#bases.delete(name);
  }

  fenced(): TopicPartition[] {
    return [...this.#fenced.values()];
  }

  /** The worker has heard of it, and what it answered since begins there. */
  rejoined(of: TopicPartition): void {
    if (this.#fenced.get(nameOf(of)) === of) this.#fenced.delete(nameOf(of));
  }

  committed(positions: readonly TopicPartitionOffset[]): void {
    for (const { topic, partition, offset } of positions) {
      const name = nameOf({ topic, partition });
      const uncommitted = this.#uncommitted.get(name);
      // Behind a seek back what was committed says nothing of what is handled again.
      if (uncommitted === undefined || offset > uncommitted.offset) continue;
      if (uncommitted.offset === offset) {
        this.#uncommitted.delete(name);
        this.#astray.delete(name);
      } else this.#uncommitted.set(name, { ...uncommitted, since: Math.max(uncommitted.since, offset) });
    }
  }

  seek(position: SeekPosition): void {
    const name = seekName(position);
    this.chunks.forget(position);
    const ownership = "localSequence" in position ? undefined : this.share.ownershipOf(position);
    this.#seeks.set(name, ownership === undefined ? position : { ...position, ownership });
    this.#rewound.delete(name);
    this.#uncommitted.delete(name);
    this.#astray.add(name);
  }

  seeks(): SeekPosition[] {
    return [...this.#seeks.values()];
  }

  /** The worker has heard of it, and what it answered since begins there. */
  sought(position: SeekPosition): void {
    const name = seekName(position);
    if (this.#seeks.get(name) !== position) return;
    this.#seeks.delete(name);
    this.#rewound.delete(name);
    const at = "offset" in position ? position.offset : null;
    this.#resolved.set(name, { at, read: "offset" in position ? (position.readFrom ?? at) : null, position });
  }

  /** The log was cut: nothing above is what it was. */
  truncated({ topic, partition }: TopicPartition, to: number): void {
    const name = nameOf({ topic, partition });
    this.chunks.cut({ topic, partition }, to);
    if ((this.#uncommitted.get(name)?.offset ?? 0) > to) this.#uncommitted.delete(name);
    const sought = this.#seeks.get(name);
    if (sought !== undefined && "offset" in sought && sought.offset > to)
      this.#seeks.set(name, resolvedAt({ ...sought, pending: false }, to).position);
  }

  /** What was read but not handled is to be read again. */
  rewind(run: PolledRun): void {
    const name = lineName(run);
    const resolved = this.#resolved.get(name);
    if (resolved === undefined || this.#goesElsewhere(name) || !this.#rereads(run)) return;
    if (resolved.read !== null && resolved.read >= run.to) return;
    this.#seeks.set(name, resolved.position);
    this.#rewound.add(name);
  }

  /** Of a run that no handler saw. */
  rewindUndelivered(run: PolledRun): void {
    if (this.#goesElsewhere(lineName(run)) || !this.#rereads(run)) return;
    this.begin(run);
    this.rewind(run);
  }

  /** What is leaving or another's goes on where the group is; what is pending, where it was here. */
  #rereads(run: PolledRun): boolean {
    return run.pending || this.share.begins(run);
  }

  /** A handler may go on with this run. */
  wanted(run: Line): boolean {
    return this.share.begins(run) && !this.paused.has(run) && !this.#goesElsewhere(lineName(run));
  }

  #goesElsewhere(name: string): boolean {
    return this.#seeks.has(name) || this.#fenced.has(name);
  }

  /** The partition is not this consumer's any more: if it is again, it goes on where the group is. */
  drop({ topic, partition, ownership }: TopicPartition & { readonly ownership: number }): void {
    const name = nameOf({ topic, partition });
    this.chunks.forget({ topic, partition });
    for (const each of [this.#resolved, this.#uncommitted, this.#bases, this.#fenced, this.#startingOver])
      each.delete(name);
    for (const each of [this.#astray, this.#rewound]) each.delete(name);
    // What was sought since is for the next time.
    if (this.#seeks.get(name)?.ownership === ownership) this.#seeks.delete(name);
  }

  /** From now on comes what was read since: of lines that start over nothing counts that was handled, and no chunks are kept. */
  startOver(): void {
    for (const [name, of] of this.#startingOver) {
      this.chunks.forget({ topic: of.topic, partition: of.partition });
      this.#uncommitted.delete(name);
      if (this.#rewound.delete(name)) this.#seeks.delete(name);
    }
    this.#startingOver.clear();
  }

  /**
   * After the worker died. A group goes on at its committed offsets, since another tab may have come further meanwhile;
   * not where the caller has sought another place. What is pending is this device's own, and in no group.
   */
  reopened(inGroup: boolean): void {
    // Ownerships are the session's.
    for (const each of [this.#uncommitted, this.#fenced, this.#bases, this.#ownerships]) each.clear();
    for (const name of this.#rewound) {
      const position = this.#seeks.get(name);
      if (inGroup && position !== undefined && !("localSequence" in position)) this.#seeks.delete(name);
    }
    this.#rewound.clear();
    for (const [name, position] of this.#seeks) this.#seeks.set(name, ownedByAny(position));
    for (const [name, { position }] of this.#resolved) {
      const own = !inGroup || "localSequence" in position || this.#astray.has(name);
      if (own && !this.#seeks.has(name)) this.#seeks.set(name, ownedByAny(position));
      if (!own) this.#startingOver.set(name, position);
    }
  }
}
