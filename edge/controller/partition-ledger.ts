/**
 * Which partitions exist: those whose first request came and was confirmed. What was never confirmed has no storage,
 * needs to hear of nothing and leaves nothing behind.
 */
import type { PartitionAddress } from "../partition/partition-port.ts";

interface PartitionRow extends Record<string, SqlStorageValue> {
  topic_id: string;
  partition: number;
  jurisdiction: string | null;
}

export class PartitionLedger {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Again changes nothing. `revision`: what the confirmation tells it. */
  born({ namespace, topicId, partition }: PartitionAddress, revision: number): void {
    this.#sql.exec(
      "INSERT INTO controller (id, namespace, failures) VALUES (1, ?, 0) ON CONFLICT (id) DO NOTHING",
      namespace,
    );
    this.#sql.exec(
      "INSERT INTO births (topic_id, partition, told) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
      topicId,
      partition,
      revision,
    );
  }

  /** Never back: what is told may arrive in another order than it was sent. */
  heard({ topicId, partition }: PartitionAddress, revision: number): void {
    this.#sql.exec(
      "UPDATE births SET told = ?3 WHERE topic_id = ?1 AND partition = ?2 AND told < ?3",
      topicId,
      partition,
      revision,
    );
  }

  bornOf(topicId: string): number[] {
    const rows = this.#sql.exec<{ partition: number }>(
      "SELECT partition FROM births WHERE topic_id = ? ORDER BY partition",
      topicId,
    );
    return rows.toArray().map((row) => row.partition);
  }

  /** Those that have not heard of the revision. */
  behind(topicId: string, revision: number, limit: number): number[] {
    const rows = this.#sql.exec<{ partition: number }>(
      "SELECT partition FROM births WHERE topic_id = ? AND told < ? ORDER BY partition LIMIT ?",
      topicId,
      revision,
      limit,
    );
    return rows.toArray().map((row) => row.partition);
  }

  /** The topic is deleted: what was born of it is to be freed. Within the transaction that removes the topic. */
  release(topicId: string, jurisdiction: string | null): void {
    this.#sql.exec(
      "INSERT INTO freeing (topic_id, partition, jurisdiction) SELECT topic_id, partition, ?2 FROM births WHERE topic_id = ?1",
      topicId,
      jurisdiction,
    );
    this.#sql.exec("DELETE FROM births WHERE topic_id = ?", topicId);
  }

  /** `topicId` null: of all deleted topics. */
  freeing(topicId: string | null, limit: number): PartitionAddress[] {
    const namespace = this.#namespace();
    const rows = this.#sql.exec<PartitionRow>(
      "SELECT topic_id, partition, jurisdiction FROM freeing WHERE topic_id = COALESCE(?1, topic_id) LIMIT ?2",
      topicId,
      limit,
    );
    return rows.toArray().map(({ topic_id, partition, jurisdiction }) => ({
      namespace,
      topicId: topic_id,
      partition,
      ...(jurisdiction === null ? {} : { jurisdiction }),
    }));
  }

  freed({ topicId, partition }: PartitionAddress): void {
    this.#sql.exec("DELETE FROM freeing WHERE topic_id = ? AND partition = ?", topicId, partition);
  }

  addressOf(topicId: string, partition: number, jurisdiction: string | undefined): PartitionAddress {
    return {
      namespace: this.#namespace(),
      topicId,
      partition,
      ...(jurisdiction === undefined ? {} : { jurisdiction }),
    };
  }

  /** Rounds in a row in which something failed. */
  get failures(): number {
    const [row] = this.#sql.exec<{ failures: number }>("SELECT failures FROM controller WHERE id = 1").toArray();
    return row?.failures ?? 0;
  }

  set failures(count: number) {
    this.#sql.exec("UPDATE controller SET failures = ?1 WHERE id = 1 AND failures <> ?1", count);
  }

  /** Empty: nothing was born yet, so nobody asks. */
  #namespace(): string {
    const [row] = this.#sql.exec<{ namespace: string }>("SELECT namespace FROM controller WHERE id = 1").toArray();
    return row?.namespace ?? "";
  }
}
