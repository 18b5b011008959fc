/** The tables that pages have open on this worker. */
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { TableCalls } from "../calls/table-calls.ts";
import { StoredTables } from "../log/table-store.ts";
import type { Device } from "./device.ts";
import { TableKeeper } from "./table-keeper.ts";
import { TableSession } from "./table-session.ts";
import type { TopicDesk } from "./topics.ts";

interface Open {
  readonly session: TableSession;
  readonly topic: string;
}

export class TableDesk {
  readonly #device: Device;
  readonly #topics: TopicDesk;
  readonly #open = new Map<number, Open>();
  readonly #keepers = new Map<string, TableKeeper>();
  #opened = 0;

  constructor(device: Device, topics: TopicDesk) {
    this.#device = device;
    this.#topics = topics;
  }

  get calls(): TableCalls {
    return {
      openTable: async (topic, options) => {
        await this.#topics.follow(topic);
        return this.#openSession(topic, options);
      },
      pollTable: async (table, waitMs) => await this.#session(table).poll(waitMs),
      closeTable: async (table) => this.#close(table),
    };
  }

  close(): void {
    for (const table of [...this.#open.keys()]) this.#close(table);
  }

  #openSession(topic: string, options: { readonly pending: boolean }): number {
    const { store, replica, outbox, catalog, news, clock, locks, database, readThrough = null } = this.#device;
    const deps = { tables: new StoredTables(store), replica, outbox, catalog, news, clock };
    if (!this.#keepers.has(topic)) {
      const lockName = `strandline:${database}:table:${topic}`;
      this.#keepers.set(topic, new TableKeeper({ ...deps, locks, readThrough }, { topic, lockName }));
    }
    this.#opened += 1;
    this.#open.set(this.#opened, { session: new TableSession(deps, topic, options), topic });
    return this.#opened;
  }

  #session(table: number): TableSession {
    const open = this.#open.get(table);
    if (open === undefined) throw new StrandlineError("CLOSED", `table ${table} is not open`);
    return open.session;
  }

  #close(table: number): void {
    const open = this.#open.get(table);
    if (open === undefined) return;
    this.#open.delete(table);
    open.session.close();
    if ([...this.#open.values()].some(({ topic }) => topic === open.topic)) return;
    this.#keepers.get(open.topic)?.close();
    this.#keepers.delete(open.topic);
  }
}
