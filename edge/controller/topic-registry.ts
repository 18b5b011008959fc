/**
 * The topics of one namespace, over SQL. One row a topic: its name is the key, its id never changes, its partition
 * count only grows.
 */
import type { TopicConfig, TopicMetadata } from "../../shared/api/metadata.ts";
import type { TopicId } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { Random } from "../../shared/random.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import { log } from "../log.ts";
import { checkTopicConfig } from "../topic-config.ts";

interface TopicRow extends Record<string, SqlStorageValue> {
  name: string;
  topic_id: string;
  partition_count: number;
  config: string;
}

export class TopicRegistry {
  readonly #sql: SqlStorage;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(sql: SqlStorage, clock: Clock, random: Random) {
    this.#sql = sql;
    this.#clock = clock;
    this.#random = random;
    sql.exec(`CREATE TABLE IF NOT EXISTS topics (
      name TEXT PRIMARY KEY,
      topic_id TEXT NOT NULL,
      partition_count INTEGER NOT NULL,
      config TEXT NOT NULL,
      created_at INTEGER NOT NULL
    ) WITHOUT ROWID`);
  }

  /** Throws `TOPIC_ALREADY_EXISTS`, `INVALID_TOPIC_EXCEPTION`, `INVALID_PARTITIONS`, `INVALID_CONFIG`. */
  create(name: string, partitionCount: number, config: TopicConfig): TopicMetadata {
    checkTopicName(name);
    checkPartitionCount(partitionCount);
    checkTopicConfig(config);
    if (this.byName(name) !== null) throw new StrandlineError("TOPIC_ALREADY_EXISTS", name, { topic: name });
    const topicId = uuid(this.#random.bytes(16));
    this.#sql.exec(
      "INSERT INTO topics (name, topic_id, partition_count, config, created_at) VALUES (?, ?, ?, ?, ?)",
      name,
      topicId,
      partitionCount,
      JSON.stringify(config),
      this.#clock.now(),
    );
    log.info("topic created", { topic: name, topicId, count: partitionCount });
    return { name, error: null, topicId, partitionCount, config };
  }

  byName(name: string): TopicMetadata | null {
    return this.#one("SELECT name, topic_id, partition_count, config FROM topics WHERE name = ?", name);
  }

  byId(topicId: string): TopicMetadata | null {
    return this.#one("SELECT name, topic_id, partition_count, config FROM topics WHERE topic_id = ?", topicId);
  }

  all(): TopicMetadata[] {
    return this.#sql
      .exec<TopicRow>("SELECT name, topic_id, partition_count, config FROM topics ORDER BY name")
      .toArray()
      .map(metadataOf);
  }

  #one(query: string, key: string): TopicMetadata | null {
    const row = this.#sql.exec<TopicRow>(query, key).toArray()[0];
    return row === undefined ? null : metadataOf(row);
  }
}

function metadataOf(row: TopicRow): TopicMetadata {
  const config = JSON.parse(row.config) as TopicConfig;
  return { name: row.name, error: null, topicId: row.topic_id as TopicId, partitionCount: row.partition_count, config };
}

function checkPartitionCount(count: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= LIMITS.partitionsPerTopicMax) return;
  throw new StrandlineError("INVALID_PARTITIONS", `${count}, of 1 to ${LIMITS.partitionsPerTopicMax}`, {
    partitionCount: count,
  });
}

/** Version 4 (RFC 9562). */
function uuid(random: Uint8Array): TopicId {
  const bytes = Uint8Array.from(random);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-") as TopicId;
}
