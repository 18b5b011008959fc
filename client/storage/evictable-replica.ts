/** The replica, as far as the quota is concerned: what is read is noted, so that it goes last, and a full disk takes no more copies. */
import type { TopicKey } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Replica } from "../log/device-log.ts";
import { readAtKey } from "../log/keys.ts";
import { StoredReplica } from "../log/replica.ts";
import type { Store } from "../log/store.ts";
import type { QuotaGovernor } from "./quota-governor.ts";

/** A write for each topic that is read, so not with every read. */
const NOTE_MS = 600_000;

export interface EvictablePorts {
  readonly store: Store;
  /** For offsets: what is full of copies still has room for them. */
  readonly roomy: Store;
  readonly clock: Clock;
  readonly governor: QuotaGovernor;
}

export function evictableReplica(replica: Replica, { store, roomy, clock, governor }: EvictablePorts): Replica {
  const positions = new StoredReplica({ store: roomy });
  const notedAt = new Map<TopicKey, number>();
  const note = async (topicKey: TopicKey): Promise<void> => {
    const now = clock.now();
    if (now - (notedAt.get(topicKey) ?? -Infinity) < NOTE_MS) return;
    notedAt.set(topicKey, now);
    await store.transact(["meta"], { mode: "readwrite", durability: "relaxed" }, (transaction) =>
      transaction.put("meta", readAtKey(topicKey), now),
    );
  };
  return {
    rows: (refs) => replica.rows(refs),
    beginTurns: (group, refs) => positions.beginTurns(group, refs),
    turns: (group, refs) => positions.turns(group, refs),
    offsetForTime: (ref, timestamp) => replica.offsetForTime(ref, timestamp),
    cutFrom: (group, ref) => replica.cutFrom(group, ref),
    readFrom: (group, ref) => replica.readFrom(group, ref),
    timeAt: (ref, offset) => replica.timeAt(ref, offset),
    committed: (group, ref) => replica.committed(group, ref),
    committedBy: (group) => replica.committedBy(group),
    groups: () => replica.groups(),
    commit: (group, offsets) => positions.commit(group, offsets),
    async store(runs) {
      const held = governor.admit(runs.reduce((sum, { bytes }) => sum + bytes.byteLength, 0));
      if (held !== null) await held;
      return await replica.store(runs);
    },
    async read(ref, offset, bytesMax) {
      const result = await replica.read(ref, offset, bytesMax);
      if (result.runs.length > 0) void note(ref.topicKey).catch(() => undefined);
      return result;
    },
  };
}
