import { DurableObject } from "cloudflare:workers";
import type { TopicConfig, TopicMetadata } from "../../shared/api/metadata.ts";
import { settingsOf, type Env } from "../env.ts";
import { setLogLevel } from "../log.ts";
import type { Report } from "../metrics/report.ts";
import { TotalsStore } from "../metrics/totals-store.ts";
import { attempt, type Outcome } from "../outcome.ts";
import { systemClock, systemRandom } from "../system-ports.ts";
import { TopicRegistry } from "./topic-registry.ts";
import type { TopicState } from "../topic-state.ts";

/** One per namespace: its topics. A shell over `TopicRegistry`; each call is one synchronous step. */
export class ControllerObject extends DurableObject<Env> {
  readonly #topics: TopicRegistry;
  readonly #metrics: TotalsStore;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    setLogLevel(env.STRANDLINE_LOG_LEVEL);
    this.#metrics = new TotalsStore(state.storage, systemClock);
    this.#topics = new TopicRegistry(state.storage.sql, systemClock, systemRandom);
  }

  createTopic(name: string, partitionCount: number | null, config: TopicConfig): Outcome<TopicMetadata> {
    return attempt(() => this.#topics.create(name, partitionCount ?? settingsOf(this.env).defaultPartitions, config));
  }

  /** Those that are named and exist; `create` makes the others. Null: all. */
  topics(names: readonly string[] | null, create: boolean): Outcome<TopicMetadata>[] {
    if (names === null) return this.#topics.all().map((value) => ({ ok: true, value }));
    const { defaultPartitions } = settingsOf(this.env);
    return names.flatMap((name) => {
      const known = this.#topics.byName(name);
      if (known !== null) return [{ ok: true as const, value: known }];
      return create ? [attempt(() => this.#topics.create(name, defaultPartitions, {}))] : [];
    });
  }

  topicById(topicId: string): TopicMetadata | null {
    return this.#topics.byId(topicId);
  }

  /** From partitions and Workers, now and then. */
  report(report: Report): void {
    this.#metrics.hear(report);
  }

  /** What was reported, as Prometheus reads it. */
  metrics(): string {
    return this.#metrics.text();
  }

  /** A partition object that holds nothing yet asks whether it should exist. */
  confirmPartition(topicId: string, partition: number): TopicState | null {
    const topic = this.#topics.byId(topicId);
    if (topic === null || partition >= topic.partitionCount) return null;
    return { name: topic.name, revision: 1, config: topic.config, growths: [] };
  }
}
