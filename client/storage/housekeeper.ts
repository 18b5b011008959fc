/**
 * Retention, compaction and a look at the quota, every minute in one tab: small transactions with the disk to themselves
 * in between. Tables first: what they have not taken in is not dropped, and nobody may have them open. Two tabs at it would only do the work twice.
 */
import type { Clock } from "../../shared/clock.ts";
import { advanceTable } from "../log/advance-table.ts";
import { compactPartition } from "../log/device-compaction.ts";
import { DeviceRetention } from "../log/device-retention.ts";
import { ALL_TOPICS, refOf } from "../log/keys.ts";
import { StoredReplica } from "../log/replica.ts";
import type { TopicRow } from "../log/rows.ts";
import type { Key, Store } from "../log/store.ts";
import { StoredTables } from "../log/table-store.ts";
import type { Locks } from "../ports.ts";
import type { QuotaGovernor } from "./quota-governor.ts";

const ROUND_MS = 60_000;
const FIRST_ROUND_MS = 10_000;
const ALL_AT_ONCE = 2 ** 31;

export interface HousekeeperPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly locks: Locks;
  /** `strandline:<database>:house`. */
  readonly lockName: string;
  /** Whether this is the tab that syncs; of a device without an edge every tab may. */
  readonly leads: () => boolean;
  readonly governor: QuotaGovernor;
}

export class Housekeeper {
  readonly #ports: HousekeeperPorts;
  readonly #retention: DeviceRetention;
  readonly #closing = new AbortController();
  readonly #done: Promise<void>;

  constructor(ports: HousekeeperPorts) {
    this.#ports = ports;
    this.#retention = new DeviceRetention(ports);
    this.#done = this.#run();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { clock, leads, locks, lockName } = this.#ports;
    const { signal } = this.#closing;
    await clock.sleep(FIRST_ROUND_MS, signal);
    while (!signal.aborted) {
      // What fails is tried again in the next round; a store that is gone is told by whoever needs it.
      if (leads()) await locks.request(lockName, { ifAvailable: true }, () => this.round()).catch(() => undefined);
      await clock.sleep(ROUND_MS, signal);
    }
  }

  /** One round over all topics. */
  async round(): Promise<void> {
    const { store, governor } = this.#ports;
    const { signal } = this.#closing;
    const topics = await store.transact(["topics"], { mode: "readonly" }, (transaction) =>
      transaction.entries<TopicRow>("topics", ALL_TOPICS, ALL_AT_ONCE),
    );
    for (const { value: topic } of topics) {
      await this.#keepTable(topic);
      const compacts = !topic.local && (topic.config["cleanup.policy"] ?? "").includes("compact");
      if (!compacts && topic.retention === undefined) continue;
      for (const key of await this.#partitions(topic)) {
        if (signal.aborted) return;
        const ref = refOf(key);
        if (topic.retention !== undefined) await this.#retention.apply(topic, ref, signal);
        if (compacts && (await compactPartition(store, ref, { signal })) > 0) this.#retention.forget(ref);
      }
    }
    await governor.look();
  }

  async #keepTable(topic: TopicRow): Promise<void> {
    const { store } = this.#ports;
    const tables = new StoredTables(store);
    if (!(await tables.has(topic.topicKey))) return;
    if (topic.retired) await tables.drop(topic.topicKey);
    else await advanceTable({ tables, replica: new StoredReplica({ store }) }, topic, this.#closing.signal);
  }

  async #partitions({ topicKey }: TopicRow): Promise<Key[]> {
    return await this.#ports.store.transact(["partitions"], { mode: "readonly" }, (transaction) =>
      transaction.keys("partitions", { from: [topicKey, 0], to: [topicKey + 1] }, ALL_AT_ONCE),
    );
  }
}
