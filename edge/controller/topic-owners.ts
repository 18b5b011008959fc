/** Who created which topic, and how much of the namespace that takes: what `topics_max` and `partitions_max` count. */
import type { Quotas } from "../../shared/api/quotas.ts";
import { throttled } from "../quota/throttled.ts";

interface UsageRow extends Record<string, SqlStorageValue> {
  topics: number;
  partitions: number;
}

export class TopicOwners {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(
      `CREATE TABLE IF NOT EXISTS owners (principal TEXT NOT NULL, topic_id TEXT NOT NULL,
       PRIMARY KEY (principal, topic_id)) WITHOUT ROWID`,
    );
  }

  /** Null: nobody who is counted. */
  ownerOf(topicId: string): string | null {
    const rows = this.#sql.exec<{ principal: string }>("SELECT principal FROM owners WHERE topic_id = ?", topicId);
    return rows.toArray()[0]?.principal ?? null;
  }

  own(principal: string, topicId: string): void {
    this.#sql.exec("INSERT OR IGNORE INTO owners (principal, topic_id) VALUES (?, ?)", principal, topicId);
  }

  disown(topicId: string): void {
    this.#sql.exec("DELETE FROM owners WHERE topic_id = ?", topicId);
  }

  /** Whether so much more is allowed. Throws `THROTTLING_QUOTA_EXCEEDED` that names the quota. */
  demandRoom(principal: string, quotas: Quotas, more: { readonly topics: number; readonly partitions: number }): void {
    const { topics_max: topicsMax, partitions_max: partitionsMax } = quotas;
    if (topicsMax === undefined && partitionsMax === undefined) return;
    const used = this.#usage(principal);
    if (topicsMax !== undefined && more.topics > 0 && used.topics + more.topics > topicsMax)
      throw throttled("topics_max", topicsMax, null);
    if (partitionsMax !== undefined && more.partitions > 0 && used.partitions + more.partitions > partitionsMax)
      throw throttled("partitions_max", partitionsMax, null);
  }

  #usage(principal: string): UsageRow {
    return this.#sql
      .exec<UsageRow>(
        `SELECT COUNT(*) AS topics, COALESCE(SUM(COALESCE(topics.growing_to, topics.partition_count)), 0) AS partitions
         FROM owners JOIN topics ON topics.topic_id = owners.topic_id WHERE owners.principal = ?`,
        principal,
      )
      .one();
  }
}
