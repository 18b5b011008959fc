/**
 * Clients of one page that were made with the same options share one worker: a module that is evaluated again (hot module
 * replacement) makes its client anew, and must not leave a worker behind each time. The worker ends when the last of
 * them is closed. A `clientId` of its own gives a client a worker of its own.
 */
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { WorkerCalls } from "../calls/worker-api.ts";
import type { WorkerEvent } from "../calls/worker-event.ts";
import type { WorkerLine } from "./line.ts";
import { Outstanding } from "./outstanding.ts";
import { WorkerConnection, type ConnectionDeps } from "./worker-connection.ts";

interface Hub {
  readonly connection: WorkerConnection;
  /** The newest last: it is whose page code is asked for tokens, and for workers. */
  readonly members: Set<ConnectionDeps>;
}

/** Under the symbol's name, so that copies of this module find one another. */
const HUBS: unique symbol = Symbol.for("strandline.connections");

export function sharedConnection(deps: ConnectionDeps): WorkerLine {
  const page = globalThis as { [HUBS]?: Map<string, Hub> };
  const hubs = (page[HUBS] ??= new Map());
  const key = JSON.stringify([deps.options, deps.askToken === null]);
  const hub = hubs.get(key) ?? newHub(deps);
  hubs.set(key, hub);
  hub.members.add(deps);
  const leave = (): void => {
    if (hubs.get(key) === hub) hubs.delete(key);
  };
  return new Member(hub, deps, leave);
}

function newHub(first: ConnectionDeps): Hub {
  const members = new Set<ConnectionDeps>();
  const newest = (): ConnectionDeps => [...members].at(-1) ?? first;
  const connection = new WorkerConnection({
    spawn: () => newest().spawn(),
    spawnOther: first.spawnOther === null ? null : async () => (await newest().spawnOther?.()) ?? null,
    locks: first.locks,
    onOpen: () => newest().onOpen?.(),
    options: first.options,
    askToken: first.askToken === null ? null : async () => (await newest().askToken?.()) ?? "",
    onEvent: (event) => tell(members, (member) => member.onEvent(event)),
    onDeath: () => tell(members, (member) => member.onDeath()),
  });
  return { connection, members };
}

function tell(members: Iterable<ConnectionDeps>, one: (member: ConnectionDeps) => void): void {
  for (const member of [...members]) one(member);
}

class Member implements WorkerLine {
  readonly #hub: Hub;
  readonly #deps: ConnectionDeps;
  readonly #leave: () => void;
  readonly #outstanding = new Outstanding();
  /** What this client has open, on the worker of that generation. */
  readonly #open: { readonly generation: number; readonly close: () => Promise<unknown> }[] = [];
  #closing: Promise<void> | null = null;

  constructor(hub: Hub, deps: ConnectionDeps, leave: () => void) {
    this.#hub = hub;
    this.#deps = deps;
    this.#leave = leave;
  }

  call: WorkerLine["call"] = async (ask, deadlineMs) => {
    this.#checkOpen();
    const asked = this.#hub.connection.call(
      (api, generation) => ask(this.#noting(api, generation), generation),
      deadlineMs,
    );
    return await this.#outstanding.settle(asked, null);
  };

  append: WorkerLine["append"] = async (pack, deadlineMs) => {
    this.#checkOpen();
    return await this.#outstanding.settle(this.#hub.connection.append(pack, deadlineMs), null);
  };

  hint(): void {
    if (this.#closing === null) this.#hub.connection.hint();
  }

  park(parked: boolean): void {
    if (this.#closing === null) this.#hub.connection.park(parked);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { members, connection } = this.#hub;
    members.delete(this.#deps);
    if (members.size === 0) {
      this.#leave();
      await connection.close();
    } else await this.#closeAll();
    this.#outstanding.end(new StrandlineError("CLOSED", ""));
  }

  /** Consumers would go on to hold their groups, and tables to be kept. */
  async #closeAll(): Promise<void> {
    const closing = this.#open.map(({ generation: opened, close }) =>
      this.#hub.connection.call(async (_, generation) => {
        if (generation === opened) await close();
      }, null),
    );
    await Promise.allSettled(closing);
  }

  /** The worker's calls, with a note of those that concern the other members. */
  #noting(api: WorkerCalls, generation: number): WorkerCalls {
    return new Proxy(api, {
      get: (_, name): unknown => {
        if (name === "openConsumer")
          return (...asked: Parameters<WorkerCalls["openConsumer"]>) =>
            this.#opened(generation, api.openConsumer(...asked), (id) => api.closeConsumer(id, []));
        if (name === "openTable")
          return (...asked: Parameters<WorkerCalls["openTable"]>) =>
            this.#opened(generation, api.openTable(...asked), (id) => api.closeTable(id));
        if (name === "logout") return (discard: boolean) => this.#logout(api, discard);
        return api[name as keyof WorkerCalls];
      },
    });
  }

  async #opened(
    generation: number,
    opening: Promise<number>,
    close: (id: number) => Promise<unknown>,
  ): Promise<number> {
    const id = await opening;
    this.#open.push({ generation, close: () => close(id) });
    // It was closed meanwhile, and nobody else would.
    if (this.#closing !== null) await close(id);
    return id;
  }

  /** The worker ends with it, so the other members hear of it as other tabs do; whoever comes now gets another worker. */
  async #logout(api: WorkerCalls, discard: boolean): ReturnType<WorkerCalls["logout"]> {
    this.#leave();
    const others = [...this.#hub.members].filter((member) => member !== this.#deps);
    try {
      return await api.logout(discard);
    } finally {
      const event: WorkerEvent = { type: "logged.out", discarded: discard };
      tell(others, (member) => member.onEvent(event));
    }
  }

  #checkOpen(): void {
    if (this.#closing !== null) throw new StrandlineError("CLOSED", "");
  }
}
