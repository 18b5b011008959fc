/** Topics as the worker answers for them: through the edge where there is one, else as the device's own broker. */
import type { TopicConfig, TopicMetadata } from "../../shared/api/metadata.ts";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import type { Retention, TopicCalls } from "../calls/topic-calls.ts";
import type { TopicCatalog } from "../log/device-log.ts";
import type { TopicRow } from "../log/rows.ts";
import type { SyncHandle } from "../sync/sync.ts";

interface TopicDeskDeps {
  readonly catalog: TopicCatalog;
  readonly sync: SyncHandle | null;
  readonly localPartitionCount: number;
  /** Told when a topic was made here. */
  readonly onLearned: () => void;
}

export class TopicDesk {
  readonly #deps: TopicDeskDeps;

  constructor(deps: TopicDeskDeps) {
    this.#deps = deps;
  }

  get calls(): TopicCalls {
    const { catalog } = this.#deps;
    return {
      partitionCount: (topic, options) => this.partitionCount(topic, options),
      topicExists: (name) => this.exists(name),
      createTopic: (name, partitionCount, config) => this.create(name, partitionCount, config),
      follow: async (name, retention) => void (await this.follow(name, retention ?? undefined)),
      unfollow: async (name) => await catalog.unfollow((await this.ensure(name)).topicKey),
    };
  }

  /** The row of a topic, made where there is none. */
  async ensure(name: string): Promise<TopicRow> {
    const { catalog, sync, localPartitionCount, onLearned } = this.#deps;
    const known = await catalog.byName(checkTopicName(name));
    if (known !== undefined) return known;
    const made = await catalog.ensure(name, sync === null ? { partitionCount: localPartitionCount } : null);
    onLearned();
    return made;
  }

  async follow(name: string, retention?: Retention): Promise<TopicRow> {
    const row = await this.ensure(name);
    if (!row.followed || retention !== undefined) await this.#deps.catalog.follow(row.topicKey, retention);
    if (!row.local) this.#deps.sync?.wake();
    return row;
  }

  /** Never waits for the network unless asked to refresh; then what is known stands where the edge is out of reach. */
  async partitionCount(name: string, { refresh }: { readonly refresh: boolean }): Promise<number | null> {
    const { sync, catalog, localPartitionCount } = this.#deps;
    // The append makes it: a page that only remembers a topic does not bring back one that was deleted.
    if (sync === null) return (await catalog.byName(checkTopicName(name)))?.partitionCount ?? localPartitionCount;
    const row = await this.ensure(name);
    if (row.local) return row.partitionCount;
    if (!refresh && row.partitionCount !== null) return row.partitionCount;
    const refreshed = sync.refreshTopics([name], { create: true }).catch(() => []);
    if (!refresh) return null;
    await refreshed;
    return (await catalog.byName(name))?.partitionCount ?? null;
  }

  async exists(name: string): Promise<boolean | null> {
    const { catalog, sync } = this.#deps;
    const known = await catalog.byName(checkTopicName(name));
    if (known?.topicId != null || known?.local === true) return true;
    if (sync === null) return false;
    const answer = await sync.refreshTopics([name], { create: false }).catch(() => null);
    if (answer === null) return null;
    const told = answer.find((topic) => topic.name === name);
    if (told?.error === null) return true;
    return told?.error.code === "UNKNOWN_TOPIC_OR_PARTITION" ? false : null;
  }

  async create(name: string, partitionCount: number | null, config: TopicConfig): Promise<TopicMetadata> {
    const { catalog, sync, localPartitionCount, onLearned } = this.#deps;
    checkTopicName(name);
    const count = partitionCount ?? localPartitionCount;
    if (!Number.isInteger(count) || count < 1 || count > LIMITS.partitionsPerTopicMax) {
      throw new StrandlineError("INVALID_PARTITIONS", `${count}: 1 to ${LIMITS.partitionsPerTopicMax}`, {
        topic: name,
        partitionCount: count,
      });
    }
    const known = await catalog.byName(name);
    if (known?.local === true) throw new StrandlineError("TOPIC_ALREADY_EXISTS", name, { topic: name });
    if (sync !== null) return sync.createTopic(name, partitionCount, config);
    const [option] = Object.keys(config);
    if (option !== undefined)
      throw new StrandlineError("INVALID_CONFIG", `${option}: a topic of the device alone takes no configuration`, {
        topic: name,
        config: option,
      });
    const made = await catalog.ensure(name, { partitionCount: count });
    onLearned();
    return metadataOf(made);
  }
}

export function metadataOf({ name, topicId, partitionCount, config }: TopicRow): TopicMetadata {
  return { name, error: null, topicId, partitionCount: partitionCount ?? 0, config };
}
