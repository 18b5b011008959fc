/** The topics this device knows. Every answer is read from the store: another tab may have learned more. */
import type { TopicMetadata } from "../../shared/api/metadata.ts";
import type { TopicId, TopicKey } from "../../shared/brands.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import type { TopicCatalog } from "./device-log.ts";
import { ALL_TOPICS } from "./keys.ts";
import type { TopicRetention, PartitionRow, TopicRow } from "./rows.ts";
import type { Store, StoreTransaction } from "./store.ts";
import { drainMarks, partitionRows, withDrain } from "./send-gate.ts";
import { moveWaiting, MOVE_STORES } from "./waiting-move.ts";

/** Topics of one device: thousands at most. `getAll` takes a count below 2^32. */
const ALL_AT_ONCE = 2 ** 31;

export class StoredTopicCatalog implements TopicCatalog {
  readonly #store: Store;

  constructor(options: { readonly store: Store }) {
    this.#store = options.store;
  }

  async all(): Promise<TopicRow[]> {
    return await this.#store.transact(["topics"], { mode: "readonly" }, readTopics);
  }

  async byName(name: string): Promise<TopicRow | undefined> {
    return withName(await this.all(), name);
  }

  async byId(topicId: TopicId): Promise<TopicRow | undefined> {
    return (await this.all()).find((row) => row.topicId === topicId);
  }

  async ensure(name: string, local: { readonly partitionCount: number } | null): Promise<TopicRow> {
    checkTopicName(name);
    const known = await this.byName(name);
    if (known !== undefined) return known;
    return await this.#store.transact(["topics"], { mode: "readwrite", durability: "strict" }, async (transaction) => {
      const topics = await readTopics(transaction);
      const made = withName(topics, name) ?? {
        ...newTopic(topics, name),
        local: local !== null,
        partitionCount: local?.partitionCount ?? null,
      };
      putTopic(transaction, made);
      return made;
    });
  }

  async follow(topicKey: TopicKey, retention?: TopicRetention): Promise<void> {
    await this.#change(topicKey, { followed: true, ...(retention === undefined ? {} : { retention }) });
  }

  async unfollow(topicKey: TopicKey): Promise<void> {
    await this.#change(topicKey, { followed: false });
  }

  async #change(topicKey: TopicKey, change: Partial<TopicRow>): Promise<void> {
    await this.#store.transact(["topics"], { mode: "readwrite", durability: "relaxed" }, async (transaction) => {
      const row = await transaction.get<TopicRow>("topics", topicKey);
      if (row !== undefined) putTopic(transaction, { ...row, ...change });
    });
  }

  async setStrictOrder(names: readonly string[]): Promise<void> {
    for (const name of names) checkTopicName(name);
    await this.#store.transact(["topics"], { mode: "readwrite", durability: "strict" }, async (transaction) => {
      const topics = await readTopics(transaction);
      for (const name of names)
        if (withName(topics, name) === undefined) remember(transaction, topics, newTopic(topics, name));
      for (const { strictOrder, ...row } of [...topics]) {
        const strict = names.includes(row.name);
        if (strict !== (strictOrder ?? false)) putTopic(transaction, strict ? { ...row, strictOrder: true } : row);
      }
    });
  }

  async learn(told: readonly TopicMetadata[]): Promise<TopicRow[]> {
    const usable = told.filter(
      ({ error, topicId, partitionCount }) => error === null && topicId !== null && partitionCount > 0,
    );
    if (usable.length === 0) return [];
    const known = await this.all();
    if (usable.every((one) => isKnown(known, one))) return usable.flatMap(({ name }) => withName(known, name) ?? []);
    // Strict: the records that move may be sent right after, and a keyless one would not move to the same place twice.
    return await this.#store.transact(MOVE_STORES, { mode: "readwrite", durability: "strict" }, async (transaction) => {
      const topics = await readTopics(transaction);
      const learned: TopicRow[] = [];
      for (const one of usable) learned.push(await this.#learnOne(transaction, topics, one));
      return learned;
    });
  }

  /** `topics` is kept as the store will be. */
  async #learnOne(transaction: StoreTransaction, topics: TopicRow[], told: TopicMetadata): Promise<TopicRow> {
    const known = withName(topics, told.name);
    if (known?.local === true) return known;
    const { topicId, partitionCount, config } = told;
    if (known !== undefined && known.topicId !== null && known.topicId !== topicId) {
      remember(transaction, topics, { ...known, retired: true });
      await retirePartitions(transaction, known.topicKey);
      return remember(transaction, topics, {
        ...newTopic(topics, told.name),
        topicId,
        partitionCount,
        config,
        followed: known.followed,
        ...(known.strictOrder === true ? { strictOrder: true } : {}),
        ...(known.retention === undefined ? {} : { retention: known.retention }),
      });
    }
    const row = known ?? newTopic(topics, told.name);
    const count = Math.max(partitionCount, row.partitionCount ?? 0);
    const grows = row.partitionCount !== null && count > row.partitionCount;
    const grown = grows ? await growPartitions(transaction, row, count) : row;
    const learned = remember(transaction, topics, { ...grown, topicId, partitionCount: count, config });
    if (row.partitionCount === null) await moveWaiting(transaction, row.topicKey, { partitionCount: count });
    return learned;
  }
}

/** What waits by the old layout goes first. The rows change, so that appends see that their plan is an old one. */
async function growPartitions(transaction: StoreTransaction, row: TopicRow, grownTo: number): Promise<TopicRow> {
  const rows = await partitionRows(transaction, row.topicKey);
  for (const { key, value } of rows)
    void transaction.put("partitions", key, { ...value, grownTo } satisfies PartitionRow);
  return withDrain(row, drainMarks(rows));
}

/** Appends look at the rows of their partitions only, and see by the change that the topic is another one. */
async function retirePartitions(transaction: StoreTransaction, topicKey: TopicKey): Promise<void> {
  const rows = await partitionRows(transaction, topicKey);
  for (const { key, value } of rows)
    void transaction.put("partitions", key, { ...value, retired: true } satisfies PartitionRow);
}

async function readTopics(transaction: StoreTransaction): Promise<TopicRow[]> {
  return (await transaction.entries<TopicRow>("topics", ALL_TOPICS, ALL_AT_ONCE)).map(({ value }) => value);
}

function withName(topics: readonly TopicRow[], name: string): TopicRow | undefined {
  return topics.find((row) => row.name === name && !row.retired);
}

/** Rows are never deleted, so that the last key is the highest ever given. */
function newTopic(topics: readonly TopicRow[], name: string): TopicRow {
  const topicKey = ((topics.at(-1)?.topicKey ?? 0) + 1) as TopicKey;
  const remade = topics.filter((row) => row.name === name).length;
  return {
    topicKey,
    name,
    topicId: null,
    partitionCount: null,
    config: {},
    retired: false,
    followed: false,
    local: false,
    ...(remade > 0 ? { remade } : {}),
  };
}

function isKnown(topics: readonly TopicRow[], told: TopicMetadata): boolean {
  const row = withName(topics, told.name);
  if (row === undefined) return false;
  const same = row.topicId === told.topicId && row.partitionCount !== null && row.partitionCount >= told.partitionCount;
  return row.local || (same && JSON.stringify(row.config) === JSON.stringify(told.config));
}

function remember(transaction: StoreTransaction, topics: TopicRow[], row: TopicRow): TopicRow {
  const at = topics.findIndex(({ topicKey }) => topicKey === row.topicKey);
  if (at < 0) topics.push(row);
  else topics[at] = row;
  putTopic(transaction, row);
  return row;
}

function putTopic(transaction: StoreTransaction, row: TopicRow): void {
  void transaction.put("topics", row.topicKey, row);
}
