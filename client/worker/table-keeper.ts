/** Keeps the rows of one topic's table as far as the log goes; one tab at a time, as the Web Lock says. */
import { advanceTable } from "../log/advance-table.ts";
import type { Locks } from "../ports.ts";
import { Wake } from "../wake.ts";
import type { TableDeps } from "./table-session.ts";

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
    if (topic !== undefined) await advanceTable(this.#deps, topic, this.#ending.signal);
  }
}
