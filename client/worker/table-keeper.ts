/** Keeps the rows of one topic's table as far as the log goes; one tab at a time, as the Web Lock says. */
import type { Offset, Partition } from "../../shared/brands.ts";
import type { PartitionRef } from "../log/device-log.ts";
import { latestRecords } from "../log/latest-records.ts";
import type { TopicRow } from "../log/rows.ts";
import type { Locks } from "../ports.ts";
import { Wake } from "../wake.ts";
import type { TableDeps } from "./table-session.ts";

/** What one transaction takes in, so that none lasts long. */
const STEP_BYTES = 512 * 1024;
/** Who looks at the table has the log before: that comes first, and what comes together is kept together. */
const BEHIND_MS = 1_000;
/** News can be lost between tabs. */
const IDLE_MS_MAX = 5_000;

export interface KeeperDeps extends TableDeps {
  readonly locks: Locks;
}

export class TableKeeper {
  readonly #deps: KeeperDeps;
  readonly #topic: string;
  readonly #wake: Wake;
  readonly #ending = new AbortController();
  readonly #stopListening: () => void;

  constructor(
    deps: TableDeps & { readonly locks: Locks },
    options: { readonly topic: string; readonly lockName: string },
  ) {
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
      await this.#deps.clock.sleep(BEHIND_MS, this.#ending.signal);
      // A store that fails now is asked again; who reads the table misses nothing.
      await this.#goOn().catch(() => {});
      await this.#wake.wait(IDLE_MS_MAX);
    }
  }

  async #goOn(): Promise<void> {
    const { catalog, tables } = this.#deps;
    const all = (await catalog.all()).filter(({ name }) => name === this.#topic);
    for (const { topicKey, retired } of all) if (retired) await tables.drop(topicKey);
    const topic = all.find(({ retired }) => !retired);
    for (let more = topic !== undefined; more && topic !== undefined && !this.#ending.signal.aborted;)
      more = await this.#step(topic);
  }

  /** Whether there is more. */
  async #step(topic: TopicRow): Promise<boolean> {
    const { topicKey, partitionCount } = topic;
    const { positions, restarts } = await this.#deps.tables.position(topicKey);
    let more = false;
    for (let index = 0; index < (partitionCount ?? 0); index += 1) {
      const from = positions[index] ?? (0 as Offset);
      const ref = { topicKey, partition: index as Partition };
      if (await this.#take(ref, { from, restarts })) more = true;
    }
    return more;
  }

  async #take(ref: PartitionRef, at: { readonly from: Offset; readonly restarts: number }): Promise<boolean> {
    const { from } = at;
    const read = await this.#deps.replica.read(ref, from, STEP_BYTES);
    const to = Math.max(read.nextOffset, Math.min(read.logStartOffset, read.replicatedTo)) as Offset;
    if (to <= from) return false;
    const latest = await latestRecords({ partition: ref.partition, runs: read.runs, from, to });
    return await this.#deps.tables.advance({ ...ref, ...at, to, latest });
  }
}
