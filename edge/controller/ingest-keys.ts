/** The ingest keys of a namespace. A key belongs to a topic's id, and goes with it. */
import { LIMITS } from "../../shared/limits.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { base64Url } from "../auth/mac.ts";
import type { IngestRule, IngestTerms } from "../ingest/ingest-rule.ts";
import type { TopicRegistry } from "./topic-registry.ts";

const ID_BYTES = 16;

interface Row extends Record<string, SqlStorageValue> {
  readonly id: string;
  readonly topic_id: string;
  readonly terms: string;
  readonly created_at: number;
}

export class IngestKeys {
  readonly #sql: SqlStorage;
  readonly #topics: TopicRegistry;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(sql: SqlStorage, topics: TopicRegistry, clock: Clock, random: Random) {
    this.#sql = sql;
    this.#topics = topics;
    this.#clock = clock;
    this.#random = random;
  }

  /** Throws `UNKNOWN_TOPIC_OR_PARTITION`; `INVALID_REQUEST` where the topic has too many. */
  create(topic: string, terms: IngestTerms): IngestRule {
    const { topicId } = this.#topics.demand(topic).metadata;
    const held = this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM ingest_keys WHERE topic_id = ?", topicId);
    const limit = LIMITS.ingestKeysPerTopicMax;
    if (held.one().n >= limit) throw new StrandlineError("INVALID_REQUEST", `the topic has ${limit} keys`, { limit });
    const id = base64Url(this.#random.bytes(ID_BYTES));
    this.#sql.exec(
      "INSERT INTO ingest_keys (id, topic_id, terms, created_at) VALUES (?, ?, ?, ?)",
      id,
      topicId,
      JSON.stringify(terms),
      this.#clock.now(),
    );
    return this.#demand(id);
  }

  find(id: string): IngestRule | null {
    const [row] = this.#sql.exec<Row>("SELECT * FROM ingest_keys WHERE id = ?", id);
    return row === undefined ? null : this.#ruleOf(row);
  }

  all(): IngestRule[] {
    const rows = this.#sql.exec<Row>("SELECT * FROM ingest_keys ORDER BY created_at, id").toArray();
    return rows.flatMap((row) => this.#ruleOf(row) ?? []);
  }

  /** Throws `NOT_FOUND`. */
  alter(id: string, changes: Partial<IngestTerms>): IngestRule {
    const { origins, quota, disabled, webhook } = this.#demand(id);
    const terms: IngestTerms = { origins, quota, disabled, webhook, ...changes };
    this.#sql.exec("UPDATE ingest_keys SET terms = ? WHERE id = ?", JSON.stringify(terms), id);
    return this.#demand(id);
  }

  remove(id: string): void {
    this.#sql.exec("DELETE FROM ingest_keys WHERE id = ?", id);
  }

  removeOf(topicId: string): void {
    this.#sql.exec("DELETE FROM ingest_keys WHERE topic_id = ?", topicId);
  }

  #demand(id: string): IngestRule {
    const rule = this.find(id);
    if (rule !== null) return rule;
    throw new StrandlineError("NOT_FOUND", `no ingest key ${JSON.stringify(id.slice(0, 64))}`);
  }

  #ruleOf({ id, topic_id: topicId, terms, created_at: createdAt }: Row): IngestRule | null {
    const topic = this.#topics.byId(topicId);
    if (topic === null) return null;
    return { ...(JSON.parse(terms) as IngestTerms), id, topicId, topic: topic.metadata.name, createdAt };
  }
}
