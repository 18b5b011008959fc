/**
 * Commits of one life of a member: many partitions in one request, one request at a time, and what comes meanwhile goes with
 * the next, of each partition the last. Where the edge is out of reach they are kept on the device, and count here as if
 * they stood; what the partitions refuse of them later is told.
 */
import type { PartitionCommitted } from "../../shared/api/groups.ts";
import type { ErrorCode } from "../../shared/error-table.ts";
import type { StrandlineError } from "../../shared/strandline-error.ts";
import type { Replica } from "../log/device-log.ts";
import type { KeptCommitsRow } from "../log/rows.ts";
import { asStrandlineError, isForLater } from "./edge-errors.ts";
import { metadataOf } from "./edge-metadata.ts";
import type { EdgeShares, FencedRange, Share } from "./edge-shares.ts";
import type { BeatOptions, GroupTransport } from "./edge-transport.ts";
import type { CommitRefusal, GroupPosition, OwnedOffset, Ownership } from "./group-membership.ts";
import type { KeptCommits } from "./kept-commits.ts";

/** What a member is for those that it talks to; null: it has not joined. */
export interface MemberFacts {
  readonly memberId: string;
  readonly memberEpoch: number;
}

export interface EdgeCommitsPorts {
  /** Of the life, as it calls itself. */
  readonly name: string;
  readonly member: () => MemberFacts | null;
  readonly shares: EdgeShares;
  readonly transport: GroupTransport;
  readonly options: BeatOptions;
  readonly kept: KeptCommits;
  readonly replica: Pick<Replica, "rows">;
  /** A heartbeat at once. True: it was answered. */
  readonly beat: () => Promise<boolean>;
  /** Something was refused that was the member's own until now. */
  readonly lost: () => void;
  /** The edge refuses the member. */
  readonly refused: (error: StrandlineError) => void;
  readonly fenced: (range: FencedRange) => void;
}

interface Entry {
  readonly of: Ownership;
  readonly share: Share;
  readonly position: GroupPosition;
  /** What its committers were told stands, while it did not. Null: nothing. */
  readonly keptTo: GroupPosition["offset"] | null;
  /** How often its epoch was too old. */
  readonly stale: number;
  readonly told: ((code: ErrorCode | null) => void)[];
  readonly failed: ((error: unknown) => void)[];
}

const STALE_MAX = 3;

export class EdgeCommits {
  readonly #ports: EdgeCommitsPorts;
  #next = new Map<Ownership, Entry>();
  readonly #kept = new Map<Ownership, Entry>();
  #sending: Promise<void> | null = null;
  #counter = 0;
  /** Nothing is tried until a heartbeat was answered. */
  #outOfReach = false;

  constructor(ports: EdgeCommitsPorts) {
    this.#ports = ports;
  }

  async commit(offsets: readonly OwnedOffset[]): Promise<CommitRefusal[]> {
    const refusals = offsets.map(async ({ of, ...position }): Promise<CommitRefusal[]> => {
      const share = this.#ports.shares.get(of);
      if (share === undefined || of.state === "lost") return [{ of, code: "FENCED_MEMBER_EPOCH" }];
      const code = await new Promise<ErrorCode | null>((resolve, reject) => {
        this.#add({ of, share, position, keptTo: null, stale: 0, told: [resolve], failed: [reject] });
      });
      return code === null ? [] : [{ of, code }];
    });
    void this.#send();
    return (await Promise.all(refusals)).flat();
  }

  /** A heartbeat failed for want of an answer. */
  unreached(): void {
    this.#outOfReach = true;
  }

  /** A heartbeat was answered. */
  reached(): void {
    this.#outOfReach = false;
    for (const [of, entry] of this.#kept) {
      this.#kept.delete(of);
      const newer = this.#next.get(of);
      this.#next.set(of, newer === undefined ? entry : { ...newer, keptTo: entry.keptTo });
    }
    void this.#send();
  }

  /** Until nothing is under way. */
  async settled(): Promise<void> {
    await this.#sending;
  }

  /** What is there already is older. */
  #add(entry: Entry): void {
    const older = this.#next.get(entry.of) ?? this.#kept.get(entry.of);
    this.#kept.delete(entry.of);
    this.#next.set(entry.of, older === undefined ? entry : merged(older, entry));
  }

  /** What has come meanwhile is newer. */
  #again(entry: Entry): void {
    const newer = this.#next.get(entry.of);
    this.#next.set(entry.of, newer === undefined ? entry : merged(entry, newer));
  }

  async #send(): Promise<void> {
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = null));
    await this.#sending;
  }

  async #sendAll(): Promise<void> {
    // Those of one task go together.
    await Promise.resolve();
    while (this.#next.size > 0) {
      const batch = [...this.#next.values()];
      this.#next = new Map();
      try {
        await this.#sendBatch(batch);
      } catch (error) {
        for (const { failed } of batch) for (const reject of failed) reject(error);
      }
    }
  }

  async #sendBatch(batch: readonly Entry[]): Promise<void> {
    const { member, shares, transport, options, replica } = this.#ports;
    const facts = member();
    const [lost, own] = divided(batch, ({ of }) => of.state === "lost" || facts === null);
    for (const entry of lost) this.#refuse(entry, "FENCED_MEMBER_EPOCH");
    if (own.length === 0 || facts === null) return await this.#noted(lost);
    const rows = await replica.rows(own.map(({ of }) => of.ref));
    own.forEach(({ share }, index) => (share.leaderEpoch = rows[index]?.leaderEpoch ?? share.leaderEpoch));
    if (this.#outOfReach) return await this.#keep(own);
    this.#counter += 1;
    const { answers, unreached } = await transport
      .commit({ ...facts, commit: this.#counter, offsets: own.map(offsetOf) }, options)
      .then(
        ({ offsets }) => ({ answers: offsets, unreached: false }),
        (thrown: unknown) => this.#refusedAll(asStrandlineError(thrown), own),
      );
    if (unreached) return await this.#keep(own);
    const errors = new Map(answers.map(({ topicId, partition, error }) => [`${topicId}/${partition}`, error]));
    const later: Entry[] = [];
    const stale: Entry[] = [];
    let gone = false;
    for (const entry of own) {
      const { of, share, position } = entry;
      const error = errors.get(`${share.topicId}/${share.partition}`) ?? null;
      if (error === null) {
        share.position = position;
        share.acked = position.offset;
        for (const resolve of entry.told) resolve(null);
      } else if (error.code === "STALE_MEMBER_EPOCH" && entry.stale < STALE_MAX) stale.push(entry);
      else if (isForLater(error)) later.push(entry);
      else {
        gone = shares.lose(of) || gone;
        this.#refuse(entry, error.code);
      }
    }
    if (gone) this.#ports.lost();
    if (later.length > 0) await this.#keep(later);
    else await this.#noted(own);
    if (stale.length > 0) await this.#catchUp(stale);
  }

  /** Its epoch is behind: once it has heard the group's, what is its own still is committed again. */
  async #catchUp(stale: readonly Entry[]): Promise<void> {
    if (await this.#ports.beat()) {
      for (const entry of stale) this.#again({ ...entry, stale: entry.stale + 1 });
      return;
    }
    const [lost, own] = divided(stale, ({ of }) => of.state === "lost");
    for (const entry of lost) this.#refuse(entry, "FENCED_MEMBER_EPOCH");
    await this.#keep(own);
  }

  #refusedAll(
    error: StrandlineError,
    own: readonly Entry[],
  ): { readonly answers: readonly PartitionCommitted[]; readonly unreached: boolean } {
    if (isForLater(error)) {
      this.#outOfReach = true;
      return { answers: [], unreached: true };
    }
    this.#ports.refused(error);
    const body = error.toBody();
    return {
      answers: own.map(({ share: { topicId, partition } }) => ({ topicId, partition, error: body })),
      unreached: false,
    };
  }

  #refuse({ of, share, keptTo, told }: Entry, code: ErrorCode): void {
    if (keptTo !== null) this.#ports.fenced({ of, from: share.acked, to: keptTo, code });
    for (const resolve of told) resolve(code);
  }

  async #keep(entries: readonly Entry[]): Promise<void> {
    for (const entry of entries)
      this.#kept.set(entry.of, { ...entry, stale: 0, told: [], failed: [], keptTo: entry.position.offset });
    try {
      await this.#write();
    } catch (error) {
      // It was not promised to anybody.
      for (const entry of entries) if (entry.keptTo === null) this.#kept.delete(entry.of);
      throw error;
    }
    for (const { share, position, told } of entries) {
      share.position = position;
      for (const resolve of told) resolve(null);
    }
  }

  /** What was answered is kept no more. */
  async #noted(entries: readonly Entry[]): Promise<void> {
    // Of a store that fails the row stays: it is sent again some day, and is older than what stands by then.
    if (entries.some(({ keptTo }) => keptTo !== null)) await this.#write().catch(() => {});
  }

  async #write(): Promise<void> {
    const { name, member, kept } = this.#ports;
    const facts = member();
    if (facts === null) return;
    this.#counter += 1;
    const offsets = Array.from(this.#kept.values(), ({ of, share, ...entry }): KeptCommitsRow["offsets"][number] => ({
      ...offsetOf({ share, ...entry }),
      topicKey: of.ref.topicKey,
      topic: of.topic,
      acked: share.acked,
    }));
    await kept.keep(name, { ...facts, commit: this.#counter, offsets });
  }
}

function offsetOf({ share, position }: Pick<Entry, "share" | "position">) {
  const { topicId, partition, leaderEpoch } = share;
  return { topicId, partition, offset: position.offset, metadata: metadataOf(position), leaderEpoch };
}

function merged(older: Entry, newer: Entry): Entry {
  const { told, failed, keptTo } = older;
  return {
    ...newer,
    keptTo: newer.keptTo ?? keptTo,
    told: [...told, ...newer.told],
    failed: [...failed, ...newer.failed],
  };
}

function divided<Value>(values: readonly Value[], isFirst: (value: Value) => boolean): [Value[], Value[]] {
  return [values.filter(isFirst), values.filter((value) => !isFirst(value))];
}
