/**
 * Commits that could not be sent, in the device's store: one row for each life of a member. The life that made them sends
 * them when it reaches the edge again; those of a life that is over (the page was reloaded, the member was thrown out) are
 * sent by whichever member of the group comes next on this device, under the old life's id: the partition's fence decides.
 */
import type { CommitOffsets } from "../../shared/api/groups.ts";
import type { Offset, Partition, TopicId, TopicKey } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import { instanceKey, keptCommitsKey, keptCommitsOf, keptNameOf } from "../log/keys.ts";
import type { InstanceRow, KeptCommitsRow } from "../log/rows.ts";
import type { Store } from "../log/store.ts";
import type { Locks } from "../ports.ts";
import { asStrandlineError, isForLater } from "./edge-errors.ts";
import type { FencedRange } from "./edge-shares.ts";
import type { BeatOptions, GroupTransport } from "./edge-transport.ts";

export interface KeptCommitsPorts {
  readonly groupId: string;
  readonly store: Store;
  readonly locks: Locks;
  readonly clock: Clock;
  /** Of a life, while it lasts. */
  readonly lockName: (name: string) => string;
  readonly transport: GroupTransport;
  readonly fenced: (range: FencedRange) => void;
}

const ALL_AT_ONCE = 2 ** 31;
const LIFE_ENDS_MS_MAX = 1_000;

export class KeptCommits {
  readonly #ports: KeptCommitsPorts;

  constructor(ports: KeptCommitsPorts) {
    this.#ports = ports;
  }

  /** Of the life that calls itself so; nothing of it is kept with no offsets. */
  async keep(name: string, row: KeptCommitsRow): Promise<void> {
    const key = keptCommitsKey(this.#ports.groupId, name);
    await this.#ports.store.transact(["meta"], { mode: "readwrite", durability: "relaxed" }, async (transaction) => {
      if (row.offsets.length === 0) void transaction.delete("meta", key);
      else void transaction.put("meta", key, row);
    });
  }

  /** Of lives that are over. True: none is left. Rejects where the edge is not reached. */
  async send(options: BeatOptions): Promise<boolean> {
    const { groupId, store, locks, lockName } = this.#ports;
    const keys = await store.transact(["meta"], { mode: "readonly" }, (transaction) =>
      transaction.keys("meta", keptCommitsOf(groupId), ALL_AT_ONCE),
    );
    let left = false;
    for (const name of keys.map(keptNameOf))
      await locks.request(lockName(name), { ifAvailable: true }, async () => {
        if (!(await this.#sendOne(name, options))) left = true;
      });
    return !left;
  }

  async #sendOne(name: string, options: BeatOptions): Promise<boolean> {
    const { groupId, store, transport, fenced } = this.#ports;
    const row = await store.transact(["meta"], { mode: "readonly" }, (transaction) =>
      transaction.get<KeptCommitsRow>("meta", keptCommitsKey(groupId, name)),
    );
    if (row === undefined) return true;
    const { offsets: answers } = await transport.commit(commitOf(row), options).catch((thrown: unknown) => {
      const error = asStrandlineError(thrown);
      if (isForLater(error)) throw error;
      return { offsets: row.offsets.map((each) => ({ ...each, error: error.toBody() })) };
    });
    const errors = new Map(answers.map(({ topicId, partition, error }) => [`${topicId}/${partition}`, error]));
    const later: KeptCommitsRow["offsets"][number][] = [];
    const refused: FencedRange[] = [];
    for (const each of row.offsets) {
      const { topicId, topicKey, topic, partition, acked: from, offset: to } = each;
      const error = errors.get(`${topicId}/${partition}`);
      if (error == null) continue;
      if (isForLater(error)) later.push(each);
      else {
        const ref = { topicKey: topicKey as TopicKey, partition: partition as Partition };
        const of = { topic, ref, state: "lost" as const };
        refused.push({ of, from: from as Offset | null, to: to as Offset, code: error.code });
      }
    }
    await this.keep(name, { ...row, offsets: later });
    for (const range of refused) fenced(range);
    return later.length === 0;
  }

  /** Of the instance's last life on this device, once that is over: one that is frozen lives as long as the edge says. */
  async previousMemberId(instanceId: string): Promise<string | undefined> {
    const { groupId, store, locks, lockName, clock } = this.#ports;
    const row = await store.transact(["meta"], { mode: "readonly" }, (transaction) =>
      transaction.get<InstanceRow>("meta", instanceKey(groupId, instanceId)),
    );
    if (row === undefined) return undefined;
    const waiting = new AbortController();
    // The lock of a life that a crash has just ended may be free a moment later than the instance's.
    void clock.sleep(LIFE_ENDS_MS_MAX, waiting.signal).then(() => waiting.abort());
    let isOver = false;
    const over = async (): Promise<void> => void (isOver = true);
    const { signal } = waiting;
    await locks.request(lockName(nameIn(row.memberId)), { signal }, over).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    waiting.abort();
    return isOver ? row.memberId : undefined;
  }

  async remember(instanceId: string, memberId: string): Promise<void> {
    const key = instanceKey(this.#ports.groupId, instanceId);
    await this.#ports.store.transact(["meta"], { mode: "readwrite", durability: "strict" }, async (transaction) => {
      void transaction.put("meta", key, { memberId } satisfies InstanceRow);
    });
  }
}

/** A life's own name, to which the edge has added its seal. */
function nameIn(memberId: string): string {
  return memberId.split(".", 1)[0] ?? memberId;
}

function commitOf({ memberId, memberEpoch, commit, offsets }: KeptCommitsRow): CommitOffsets {
  return {
    ...{ memberId, memberEpoch, commit },
    offsets: offsets.map(({ topicId, partition, offset, metadata, leaderEpoch }) => ({
      ...{ topicId: topicId as TopicId, partition, offset, metadata, leaderEpoch },
    })),
  };
}
