/**
 * The topics of one namespace, over SQL. One row a topic: its name is the key, its id never changes, its partition
 * count only grows. Each change is one statement, so that none of them can be left halfway.
 */
import type { TopicConfig, TopicMetadata } from "../../shared/api/metadata.ts";
import type { ConfigChanges, CreateTopicRequest, GrowTopicAnswer } from "../../shared/api/topics.ts";
import type { TopicId } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import { log } from "../log.ts";
import { alteredConfig, checkTopicConfig } from "../topic-config.ts";
import type { TopicState } from "../topic-state.ts";
import { checkGrowth, checkPartitionCount } from "./partition-count.ts";

interface TopicRow extends Record<string, SqlStorageValue> {
  name: string;
  topic_id: string;
  partition_count: number;
  config: string;
  token: string | null;
  revision: number;
  growths: string;
  growing_to: number | null;
}

/** What the controller alone knows of a topic. */
export interface Topic {
  readonly metadata: TopicMetadata & { readonly topicId: TopicId };
  readonly state: TopicState;
  /** Null: no growth is under way. */
  readonly growingTo: number | null;
  readonly token: string | null;
}

export interface CreatedTopic {
  readonly topic: TopicMetadata;
  /** False: an earlier request with the same token has made it. */
  readonly created: boolean;
}

/** How far a growth has come. */
export interface TopicGrowth extends Pick<GrowTopicAnswer, "growingTo" | "waitsFor"> {
  readonly topic: TopicMetadata;
}

export interface TopicListingAnswer {
  /** Higher after each change of which topics there are, or how many partitions they have. */
  readonly revision: number;
  readonly topics: readonly KnownTopic[] | null;
}

type KnownTopic = Topic["metadata"];

const COLUMNS = "name, topic_id, partition_count, config, token, revision, growths, growing_to";

export class TopicRegistry {
  readonly #sql: SqlStorage;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(sql: SqlStorage, clock: Clock, random: Random) {
    this.#sql = sql;
    this.#clock = clock;
    this.#random = random;
  }

  /** Throws `TOPIC_ALREADY_EXISTS`, `INVALID_TOPIC_EXCEPTION`, `INVALID_PARTITIONS`, `INVALID_CONFIG`. */
  create({ name, partitionCount, config = {}, token }: NewTopic): CreatedTopic {
    checkTopicName(name);
    checkPartitionCount(partitionCount);
    checkTopicConfig(config);
    const known = this.byName(name);
    if (known !== null && token !== undefined && known.token === token)
      return { topic: known.metadata, created: false };
    if (known !== null) throw new StrandlineError("TOPIC_ALREADY_EXISTS", name, { topic: name });
    const topicId = uuid(this.#random.bytes(16));
    this.#sql.exec(
      `INSERT INTO topics
         (name, topic_id, partition_count, config, created_at, token, revision, growths, growing_to, unsettled)
       VALUES (?, ?, ?, ?, ?, ?, 1, '[]', NULL, 0)`,
      name,
      topicId,
      partitionCount,
      JSON.stringify(config),
      this.#clock.now(),
      token ?? null,
    );
    log.info("topic created", { topic: name, topicId, count: partitionCount });
    return { topic: { name, error: null, topicId, partitionCount, config }, created: true };
  }

  /** Its id. Throws `UNKNOWN_TOPIC_OR_PARTITION`, `INVALID_CONFIG`. */
  alter(name: string, changes: ConfigChanges): TopicId {
    const { topicId, config: before } = this.demand(name).metadata;
    const config = alteredConfig(before, changes);
    if (config === null) return topicId;
    this.#sql.exec(
      "UPDATE topics SET config = ?, revision = revision + 1, unsettled = 1 WHERE topic_id = ?",
      JSON.stringify(config),
      topicId,
    );
    return topicId;
  }

  /**
   * Writes down that the topic is to grow; `settle` publishes it. A growth that is under way may be made larger: nothing
   * of it was published, so its barrier stands for both. Its id. Throws `UNKNOWN_TOPIC_OR_PARTITION`, `INVALID_PARTITIONS`.
   */
  beginGrowth(name: string, partitionCount: number): TopicId {
    const { metadata, state, growingTo } = this.demand(name);
    // Of a topic that is growing: a request from before that growth, told once more.
    if (partitionCount === metadata.partitionCount) return metadata.topicId;
    checkGrowth(name, growingTo ?? metadata.partitionCount, partitionCount);
    if (growingTo === null) {
      this.#sql.exec(
        "UPDATE topics SET growing_to = ?, growths = ?, revision = revision + 1, unsettled = 1 WHERE topic_id = ?",
        partitionCount,
        JSON.stringify([...state.growths, metadata.partitionCount]),
        metadata.topicId,
      );
    } else if (partitionCount > growingTo) {
      this.#sql.exec("UPDATE topics SET growing_to = ? WHERE topic_id = ?", partitionCount, metadata.topicId);
    }
    return metadata.topicId;
  }

  /** Where every partition has heard of the revision: that is written down, and a growth is published. */
  settle(topicId: string): void {
    this.#sql.exec(
      `UPDATE topics
       SET unsettled = 0, partition_count = COALESCE(growing_to, partition_count), growing_to = NULL
       WHERE topic_id = ?1 AND unsettled = 1
         AND NOT EXISTS (SELECT 1 FROM births WHERE births.topic_id = ?1 AND births.told < topics.revision)`,
      topicId,
    );
  }

  /** Ids of the topics with partitions that may not have heard of the latest. */
  unsettled(): string[] {
    const rows = this.#sql.exec<{ topic_id: string }>("SELECT topic_id FROM topics WHERE unsettled = 1").toArray();
    return rows.map((row) => row.topic_id);
  }

  remove(topicId: string): void {
    this.#sql.exec("DELETE FROM topics WHERE topic_id = ?", topicId);
  }

  /** Throws `UNKNOWN_TOPIC_OR_PARTITION`. */
  demand(name: string): Topic {
    const topic = this.byName(name);
    if (topic !== null) return topic;
    const shown = name.slice(0, 64);
    throw new StrandlineError("UNKNOWN_TOPIC_OR_PARTITION", `topic ${JSON.stringify(shown)}`, { topic: shown });
  }

  byName(name: string): Topic | null {
    return this.#one(`SELECT ${COLUMNS} FROM topics WHERE name = ?`, name);
  }

  byId(topicId: string): Topic | null {
    return this.#one(`SELECT ${COLUMNS} FROM topics WHERE topic_id = ?`, topicId);
  }

  all(): Topic[] {
    return this.#sql.exec<TopicRow>(`SELECT ${COLUMNS} FROM topics ORDER BY name`).toArray().map(topicOf);
  }

  listingRevision(): number {
    const rows = this.#sql.exec<{ value: number }>("SELECT value FROM counters WHERE name = 'listing'").toArray();
    return rows[0]?.value ?? 0;
  }

  #one(query: string, key: string): Topic | null {
    const row = this.#sql.exec<TopicRow>(query, key).toArray()[0];
    return row === undefined ? null : topicOf(row);
  }
}

export type NewTopic = Omit<CreateTopicRequest, "partitionCount"> & { readonly partitionCount: number };

function topicOf(row: TopicRow): Topic {
  const config = JSON.parse(row.config) as TopicConfig;
  const growths = JSON.parse(row.growths) as number[];
  const topicId = row.topic_id as TopicId;
  return {
    metadata: { name: row.name, error: null, topicId, partitionCount: row.partition_count, config },
    state: { name: row.name, revision: row.revision, config, growths },
    growingTo: row.growing_to,
    token: row.token,
  };
}

/** Version 4 (RFC 9562). */
function uuid(random: Uint8Array): TopicId {
  const bytes = Uint8Array.from(random);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-") as TopicId;
}
