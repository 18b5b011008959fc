/** The consumers that pages have open on this worker, by the number that each was given. */
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { ConsumerCalls, ConsumerOptions } from "../calls/consumer-calls.ts";
import { ConsumerSession } from "../consumer/consumer-session.ts";
import type { JoinGroup } from "../group/group-membership.ts";
import { DeviceGroup } from "../group/device-group.ts";
import type { Device } from "./device.ts";
import { watchTopics } from "./topic-watch.ts";
import type { TopicDesk } from "./topics.ts";

export class ConsumerDesk {
  readonly #device: Device;
  readonly #topics: TopicDesk;
  readonly #sessions = new Map<number, ConsumerSession>();
  /** Of those that read by pattern. */
  readonly #watches = new Map<number, () => void>();
  #opened = 0;
  #closed = false;

  constructor(device: Device, topics: TopicDesk) {
    this.#device = device;
    this.#topics = topics;
  }

  get calls(): ConsumerCalls {
    return {
      openConsumer: (options) => this.#open(options),
      poll: async (consumer, options) => await this.session(consumer).poll(options),
      commit: async (consumer, offsets) => await this.session(consumer).commit(offsets),
      watchGroup: async (consumer, version, worked) =>
        (await this.#sessions.get(consumer)?.watchGroup(version, worked)) ?? null,
      releasePartitions: async (consumer, commit, released) => await this.session(consumer).release(commit, released),
      movedRecords: async (consumer, topic, range) => await this.session(consumer).movedRecords(topic, range),
      nudge: async (consumer) => this.session(consumer).nudge(),
      closeConsumer: async (consumer, commit) => {
        const session = this.#sessions.get(consumer);
        this.#sessions.delete(consumer);
        this.#endWatch(consumer);
        return (await session?.close(commit)) ?? [];
      },
    };
  }

  /** The page is parked. */
  yield(): void {
    for (const session of this.#sessions.values()) session.yield();
  }

  async close(): Promise<void> {
    this.#closed = true;
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
      // Nobody would end it any more, and it would be a member for ever.
      if (this.#closed) throw new StrandlineError("CLOSED", "the worker ended while a consumer was opened");
    } catch (error) {
      await session.close([]);
      throw error;
    }
    this.#opened += 1;
    this.#sessions.set(this.#opened, session);
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
    if (groups?.device !== undefined) return groups.device;
    const name = `strandline:${database}:group:${groupId}`;
    return (options, events) => {
      const { rebalanceTimeoutMs = Infinity, maxPollIntervalMs = Infinity } = options.group ?? {};
      const limits = { rebalanceTimeoutMs, maxPollIntervalMs };
      const showsPending = options.isolation === "local";
      return new DeviceGroup({ ...this.#device, name, groupId: groupId ?? "", ...limits, showsPending }, events);
    };
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
