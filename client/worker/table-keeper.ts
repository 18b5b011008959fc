/** Keeps the rows of one topic's table as far as the log goes; one tab at a time, as the Web Lock says. */
import { advanceTable } from "../log/advance-table.ts";
import type { RecordSource } from "../consumer/record-source.ts";
import type { TopicKey } from "../../shared/brands.ts";
import type { Locks } from "../ports.ts";
import { Wake } from "../wake.ts";
import type { TableDeps } from "./table-session.ts";

/** Who looks at the table has the log before: that comes first, and what comes together is kept together. */
const BEHIND_MS = 1_000;
/** News can be lost between tabs. */
const IDLE_MS_MAX = 5_000;

export interface KeeperDeps extends TableDeps {
  readonly locks: Locks;
  /** Reads from the edge what the device has dropped; null: there is no edge. */
  readonly readThrough: (() => RecordSource) | null;
}

export class TableKeeper {
  readonly #deps: KeeperDeps;
  readonly #topic: string;
  readonly #wake: Wake;
  readonly #ending = new AbortController();
  readonly #stopListening: () => void;
  /** Open as long as the device lacks something of that topic. */
  #edge: { readonly topicKey: TopicKey; readonly restarts: number; readonly source: RecordSource } | null = null;

  constructor(deps: KeeperDeps, options: { readonly topic: string; readonly lockName: string }) {
    this.#deps = deps;
    this.#topic = options.topic;
    this.#wake = new Wake(deps.clock);
    this.#stopListening = deps.news.listen(({ type }) => {
      if (type === "appended" || type === "replicated" || type === "settled" || type === "learned") this.#wake.ring();
    });
    const { signal } = this.#ending;
    // Given up while waiting, or taken from us: the next to open the table goes on.
    deps.locks.request(options.lockName, { signal }, () => this.#keep()).catch(() => {});
  }

  close(): void {
    this.#ending.abort();
    this.#stopListening();
    this.#wake.ring();
  }

  async #keep(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      if (this.#edge === null) await this.#deps.clock.sleep(BEHIND_MS, this.#ending.signal);
      // A store that fails now is asked again; who reads the table misses nothing.
      await this.#goOn().catch(() => {});
      await this.#wake.wait(IDLE_MS_MAX);
    }
    this.#closeEdge();
  }

  async #goOn(): Promise<void> {
    const { catalog, tables } = this.#deps;
    const all = (await catalog.all()).filter(({ name }) => name === this.#topic);
    for (const { topicKey, retired } of all) if (retired) await tables.drop(topicKey);
    const topic = all.find(({ retired }) => !retired);
    if (this.#edge?.topicKey !== topic?.topicKey) this.#closeEdge();
    if (topic === undefined) return;
    const parts = { ...this.#deps, edge: (restarts: number) => this.#openEdge(topic.topicKey, restarts) };
    const { lacking, filled } = await advanceTable(parts, topic, this.#ending.signal);
    if (lacking.length === 0) this.#closeEdge();
    // Whoever has the table open reads it anew.
    if (filled.length > 0) this.#deps.news.publish({ type: "replicated", refs: filled });
  }

  #openEdge(topicKey: TopicKey, restarts: number): RecordSource | null {
    const { readThrough } = this.#deps;
    if (this.#edge?.restarts !== restarts) this.#closeEdge();
    if (this.#edge === null && readThrough !== null) {
      const source = readThrough();
      source.onNews?.(() => this.#wake.ring());
      this.#edge = { topicKey, restarts, source };
    }
    return this.#edge?.source ?? null;
  }

  #closeEdge(): void {
    void this.#edge?.source.close();
    this.#edge = null;
  }
}
