/** The consumers that pages have open on this worker, by the number that each was given. */
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { ConsumerCalls, ConsumerOptions } from "../calls/consumer-calls.ts";
import { ConsumerSession } from "../consumer/consumer-session.ts";
import type { JoinGroup } from "../group/group-membership.ts";
import { OneTabGroup } from "../group/one-tab-group.ts";
import type { Device } from "./device.ts";
import { watchTopics } from "./topic-watch.ts";
import type { TopicDesk } from "./topics.ts";

/** A topic that is read through and that the edge does not know, or does not answer for, is asked for again. */
const ASK_MS = { first: 500, max: 30_000 };

export class ConsumerDesk {
  readonly #device: Device;
  readonly #topics: TopicDesk;
  readonly #sessions = new Map<number, ConsumerSession>();
  /** Ends what is asked for a session's sake. */
  readonly #asking = new Map<ConsumerSession, AbortController>();
  /** Of those that read by pattern. */
  readonly #watches = new Map<number, () => void>();
  #opened = 0;

  constructor(device: Device, topics: TopicDesk) {
    this.#device = device;
    this.#topics = topics;
  }

  get calls(): ConsumerCalls {
    return {
      openConsumer: (options) => this.#open(options),
      poll: async (consumer, options) => await this.session(consumer).poll(options),
      commit: async (consumer, offsets) => await this.session(consumer).commit(offsets),
      watchGroup: async (consumer, version) => (await this.#sessions.get(consumer)?.watchGroup(version)) ?? null,
      releasePartitions: async (consumer, commit, released) => await this.session(consumer).release(commit, released),
      movedRecords: async (consumer, topic, range) => await this.session(consumer).movedRecords(topic, range),
      nudge: async (consumer) => this.session(consumer).nudge(),
      closeConsumer: async (consumer, commit) => {
        const session = this.#sessions.get(consumer);
        this.#sessions.delete(consumer);
        if (session !== undefined) this.#stopAsking(session);
        this.#endWatch(consumer);
        await session?.close(commit);
      },
    };
  }

  /** The page is parked. */
  yield(): void {
    for (const session of this.#sessions.values()) session.yield();
  }

  async close(): Promise<void> {
    for (const session of this.#sessions.values()) this.#stopAsking(session);
    for (const id of this.#watches.keys()) this.#endWatch(id);
    await Promise.allSettled([...this.#sessions.values()].map((session) => session.close([])));
    this.#sessions.clear();
  }

  #endWatch(id: number): void {
    this.#watches.get(id)?.();
    this.#watches.delete(id);
  }

  async #open(asked: ConsumerOptions): Promise<number> {
    const options = this.#device.storesNoReads === true ? readingThrough(asked) : asked;
    const { replica, own, catalog, news, clock, random, sync } = this.#device;
    const follow = (name: string, storage: "replica" | "none") =>
      storage === "none" ? this.#topics.ensure(name) : this.#topics.follow(name);
    const { readThrough = null } = this.#device;
    const join = this.#joining(options);
    const deps = { replica, own, catalog, news, clock, random, join, follow, readThrough };
    const session = new ConsumerSession(deps, options);
    try {
      await session.subscribe();
    } catch (error) {
      await session.close([]);
      throw error;
    }
    this.#opened += 1;
    this.#sessions.set(this.#opened, session);
    const asking = new AbortController();
    this.#asking.set(session, asking);
    void this.#learn(options, asking.signal).catch(() => {});
    if (options.patterns.length > 0 && sync !== null) {
      const refresh = () => sync.refreshTopics([], { create: false });
      this.#watches.set(this.#opened, watchTopics({ refresh, clock, random }));
    }
    return this.#opened;
  }

  #joining({ groupId, group }: ConsumerOptions): JoinGroup {
    const { groups, database } = this.#device;
    if (group?.coordinator === "edge" && groups?.edge === undefined)
      throw new StrandlineError("UNSUPPORTED_OPERATION", "coordinator 'edge' needs a url: there is no edge", {
        option: "url",
      });
    if (group?.coordinator === "edge" && groups?.edge !== undefined) return groups.edge;
    const name = `strandline:${database}:group:${groupId}`;
    return groups?.device ?? ((_, events) => new OneTabGroup({ ...this.#device, name, groupId: groupId ?? "" }, events));
  }

  #stopAsking(session: ConsumerSession): void {
    this.#asking.get(session)?.abort();
    this.#asking.delete(session);
  }

  /** Topics that are followed are asked for by sync. */
  async #learn({ topics }: ConsumerOptions, signal: AbortSignal): Promise<void> {
    const { sync, catalog, clock } = this.#device;
    if (sync === null) return;
    let names = topics.filter(({ storage }) => storage === "none").map(({ name }) => name);
    for (let waitMs = ASK_MS.first; !signal.aborted; waitMs = Math.min(waitMs * 2, ASK_MS.max)) {
      const rows = await Promise.all(names.map((name) => catalog.byName(name)));
      names = names.filter((_, index) => rows[index]?.topicId == null && rows[index]?.local !== true);
      if (names.length === 0) return;
      await sync.refreshTopics(names, { create: false }).catch(() => {});
      await clock.sleep(waitMs, signal);
    }
  }

  session(id: number): ConsumerSession {
    const session = this.#sessions.get(id);
    if (session === undefined) throw new StrandlineError("CLOSED", `consumer ${id} is not open`);
    return session;
  }
}

/** The device's own pending records are shown beside a replica alone. */
function readingThrough(options: ConsumerOptions): ConsumerOptions {
  if (options.isolation === "local") return options;
  const topics = options.topics.map((choice) => ({ ...choice, storage: "none" as const }));
  return { ...options, topics, patterns: options.patterns.map((choice) => ({ ...choice, storage: "none" as const })) };
}
