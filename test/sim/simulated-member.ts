/** Members of a simulated group, on devices whose network fails as a test says; they handle records by counting. */
import { DeviceNews } from "../../client/device-news.ts";
import type { BeatOptions, GroupTransport } from "../../client/group/edge-transport.ts";
import { EdgeMember } from "../../client/group/edge-member.ts";
import type { MembershipEvents, Ownership } from "../../client/group/group-membership.ts";
import type { ConsumerOptions, GroupOptions } from "../../client/calls/consumer-calls.ts";
import { MemoryStore } from "../../client/log/memory-store.ts";
import { openDevice, type DeviceLog } from "../../client/log/open-device.ts";
import type { Locks } from "../../client/ports.ts";
import { MemoryLocks } from "../../client/memory-locks.ts";
import type { CommitOffsets, CommittedOffsets, GroupHeartbeat } from "../../shared/api/groups.ts";
import type { Offset } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { Freezer, SimulatedChannels } from "./simulated-freezer.ts";
import { TOPIC, TOPIC_ID, type SimulatedGroup } from "./simulated-group.ts";
import type { VirtualClock } from "./virtual-clock.ts";

export type Said =
  | { readonly kind: "heartbeat"; readonly body: GroupHeartbeat }
  | { readonly kind: "leave"; readonly body: GroupHeartbeat }
  | { readonly kind: "commit"; readonly body: CommitOffsets };

/**
 * `error`: the edge says it, or nothing arrives. `lost`: it is done, and the answer does not come. `abandoned`: its time
 * is over before it arrives, which it does.
 */
export type Fault = { readonly error: StrandlineError } | "lost" | "abandoned" | null;

const LATENCY_MS = 20;
const LATE_MS = 5_000;

export const noNetwork = (): StrandlineError => new StrandlineError("NETWORK_EXCEPTION", "by the test");

/** One browser: what its tabs share. */
export class GroupDevice {
  readonly store = new MemoryStore();
  readonly channels = new SimulatedChannels();
  readonly #locks = new MemoryLocks();
  readonly #clock: VirtualClock;
  readonly #group: SimulatedGroup;
  readonly said: Said[] = [];
  /** Asked for each request; null: it goes well. */
  fault: (said: Said) => Fault = () => null;

  constructor(group: SimulatedGroup, clock: VirtualClock) {
    this.#group = group;
    this.#clock = clock;
  }

  /** How long each request takes to arrive, or to fail. */
  delayMs: (said: Said) => number = () => LATENCY_MS;
  /** In the edge's stead. */
  answers = (_: CommitOffsets, answer: () => CommittedOffsets): CommittedOffsets => answer();
  /** Nothing that its tabs say is sent. */
  frozen = false;

  /** Of one tab: what it holds is let go of when it is killed. */
  locks(killed: Promise<void>): Locks {
    let isKilled = false;
    void killed.then(() => (isKilled = true));
    return {
      request: async (name, options, body) => {
        await this.#locks.request(name, options, async () => await Promise.race([body(), killed]));
        if (isKilled) await new Promise<never>(() => {});
      },
    };
  }

  set online(online: boolean) {
    this.fault = () => (online ? null : { error: noNetwork() });
  }

  /** Of one tab, while it lives; what it is answered waits while it is frozen. */
  transport(isAlive: () => boolean, freezer: Freezer): GroupTransport {
    const ask = async <Answer>(said: Said, { signal }: BeatOptions, answer: () => Answer): Promise<Answer> => {
      await freezer.running();
      if (!isAlive()) return await new Promise<never>(() => {});
      const given = Promise.withResolvers<never>();
      const giveUp = (): void => given.reject(new StrandlineError("CLOSED", "by its signal"));
      if (signal.aborted) giveUp();
      signal.addEventListener("abort", giveUp, { once: true });
      // What is given up may still be carried out.
      try {
        return await Promise.race([given.promise, this.#ask(said, answer)]);
      } finally {
        await freezer.running();
      }
    };
    return {
      heartbeat: async (body, options) =>
        await ask({ kind: "heartbeat", body }, options, () => this.#group.heartbeat(body)),
      leave: async (body, options) =>
        void (await ask({ kind: "leave", body }, options, () => this.#group.heartbeat(body))),
      commit: async (body, options) =>
        await ask({ kind: "commit", body }, options, () => this.answers(body, () => this.#group.commit(body))),
    };
  }

  async #ask<Answer>(said: Said, answer: () => Answer): Promise<Answer> {
    while (this.frozen) await this.#clock.sleep(LATENCY_MS);
    const fault = this.fault(structuredClone(said));
    this.said.push(structuredClone(said));
    await this.#clock.sleep(this.delayMs(said));
    if (fault === "abandoned")
      void this.#clock
        .sleep(LATE_MS)
        .then(answer)
        .catch(() => {});
    if (fault === "abandoned") throw noNetwork();
    if (fault !== null && typeof fault === "object") throw fault.error;
    const answered = answer();
    await this.#clock.sleep(LATENCY_MS);
    if (fault === "lost") throw noNetwork();
    return answered;
  }
}

const GROUP: GroupOptions = {
  coordinator: "edge",
  instanceId: null,
  sessionTimeoutMs: 45_000,
  rebalanceTimeoutMs: 60_000,
  heartbeatIntervalMs: 5_000,
  maxPollIntervalMs: 300_000,
  assignors: ["sticky"],
};

export interface TabOptions {
  readonly device: GroupDevice;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly group?: Partial<GroupOptions>;
  /** Lets go of what is leaving at once. True by default. */
  readonly releases?: boolean;
}

export async function learn({ catalog }: DeviceLog, partitionCount: number): Promise<void> {
  await catalog.learn([{ name: TOPIC, error: null, topicId: TOPIC_ID, partitionCount, config: {} }]);
}

/** A page with its worker: a member that reads from 0, or where its group is. */
export class GroupTab {
  readonly #clock: Clock;
  readonly freezer: Freezer;
  readonly log: DeviceLog;
  readonly member: EdgeMember;
  /** Topics that the device was asked to learn of. */
  readonly asked: string[] = [];
  readonly failures: string[] = [];
  readonly fenced: string[] = [];
  readonly heartbeats: number[] = [];
  readonly #position = new Map<Ownership, number>();
  #closed = false;
  #killed = false;
  readonly #death = Promise.withResolvers<void>();
  #working: Promise<void> | null = null;
  polls = true;

  private constructor(log: DeviceLog, { device, random, group, releases = true, ...of }: TabOptions) {
    const freezer = new Freezer();
    const clock = freezer.clock(of.clock);
    this.freezer = freezer;
    this.#clock = clock;
    this.log = log;
    const events: MembershipEvents = {
      changed: () => {
        if (releases && this.#working === null) this.release();
      },
      fenced: ({ of, from, to, code }) => void this.fenced.push(`${of.ref.partition} ${from}-${to} ${code}`),
      failed: ({ code }, final) => void this.failures.push(final ? `${code} for good` : code),
      heartbeat: ({ groupGenerationId }) => void this.heartbeats.push(groupGenerationId),
    };
    const options: ConsumerOptions = {
      groupId: "g",
      group: { ...GROUP, ...group },
      isolation: "committed",
      topics: [{ name: TOPIC, fromBeginning: true, storage: "replica" }],
      patterns: [],
    };
    this.member = new EdgeMember(
      {
        ...{
          groupId: "g",
          clientId: "c",
          database: "d",
          transport: device.transport(() => !this.#killed, freezer),
          store: device.store,
        },
        ...{ catalog: log.catalog, replica: log.replica, askTopics: async (names) => void this.asked.push(...names) },
        ...{
          locks: freezer.locks(device.locks(this.#death.promise)),
          news: new DeviceNews(device.channels.join(freezer), clock),
          clock,
          random,
          retry: { initialRetryTimeMs: 300, maxRetryTimeMs: 30_000 },
        },
      },
      options,
      events,
    );
    void this.#poll();
  }

  static async open(options: TabOptions): Promise<GroupTab> {
    const { clock, random, device } = options;
    const log = await openDevice({ store: device.store, clock, random, namespace: "n", principal: "p", local: null });
    await learn(log, 64);
    return new GroupTab(log, options);
  }

  get owned(): number[] {
    return this.#of("theirs")
      .map(({ ref }) => ref.partition)
      .toSorted((a, b) => a - b);
  }

  get leaving(): number[] {
    return this.#of("leaving").map(({ ref }) => ref.partition);
  }

  of(partition: number): Ownership {
    const found = this.member.owned().find(({ ref }) => ref.partition === partition);
    if (found === undefined) throw new Error(`partition ${partition} is not owned`);
    return found;
  }

  async commit(...offsets: readonly (readonly [partition: number, offset: number])[]): Promise<string[]> {
    const own = offsets.map(([partition, offset]) => ({ of: this.of(partition), offset: offset as Offset }));
    const refused = await this.member.commit(own);
    return refused.map(({ of, code }) => `${of.ref.partition} ${code}`);
  }

  release(): void {
    const leaving = this.#of("leaving");
    if (leaving.length > 0) this.member.release(leaving);
  }

  /** Handles up to `most` records of each partition, commits them, and lets go of what is leaving; nothing where it may not. */
  async handle(most: number, handled: (partition: number, offset: number) => void, ends: readonly number[]) {
    if (this.#closed || this.freezer.frozen || this.member.holding || this.#working !== null) return;
    this.#working = this.#handle(most, handled, ends);
    await this.#working;
    this.#working = null;
    if (!this.#closed) this.release();
  }

  async #handle(most: number, handled: (partition: number, offset: number) => void, ends: readonly number[]) {
    const commits: { of: Ownership; offset: Offset }[] = [];
    for (const of of this.#of("theirs")) {
      const { partition } = of.ref;
      const start = this.#position.get(of) ?? (await this.member.position(of))?.offset ?? 0;
      const to = Math.min(start + most, ends[partition] ?? 0);
      await this.freezer.running();
      if (of.state !== "theirs" || this.member.holding) continue;
      for (let offset = start; offset < to; offset += 1) handled(partition, offset);
      this.#position.set(of, to);
      if (to > start) commits.push({ of, offset: to as Offset });
    }
    if (commits.length > 0) await this.member.commit(commits).catch(() => {});
  }

  /** Nothing is heard of it any more. */
  kill(): void {
    this.#closed = true;
    this.#killed = true;
    this.freezer.freeze();
    this.#death.resolve();
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#killed) return;
    await this.#working;
    await this.member.close();
  }

  /** As a page does: a poll waits for a while, and is followed by another. */
  async #poll(): Promise<void> {
    while (!this.#closed) {
      if (this.polls) this.member.polled();
      await this.#clock.sleep(2_000);
    }
  }

  #of(state: Ownership["state"]): Ownership[] {
    return this.member.owned().filter((of) => of.state === state);
  }
}
