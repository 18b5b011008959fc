/**
 * Sync with the edge: the tab that holds the device's lock sends and replicates, the others wait for it. Safety does
 * not rest on the lock: two holders would send the same bytes under the same identities.
 */
import type { AnnounceDeviceAnswer, AnnounceDeviceRequest } from "../../shared/api/devices.ts";
import type { TopicConfig, TopicMetadata } from "../../shared/api/metadata.ts";
import type { LocalSequence, ProducerKey } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import { producerIdOf } from "../../shared/producer-identity.ts";
import type { Random } from "../../shared/random.ts";
import type { StrandlineError } from "../../shared/strandline-error.ts";
import type { Outbox, PartitionRef, Replica, SettledBatch, TopicCatalog } from "../log/device-log.ts";
import type { BlockedBatch } from "../log/rows.ts";
import type { SyncError } from "../calls/outbox-calls.ts";
import { receiptId } from "../calls/record-place.ts";
import type { DeviceNews } from "../device-news.ts";
import type { Locks } from "../ports.ts";
import { holdTabLock } from "../tab-lock.ts";
import type { EdgeRequest } from "../calls/admin-calls.ts";
import type { WorkerEvent } from "../calls/worker-event.ts";
import type { RetryPolicy } from "./backoff.ts";
import { EdgeClient } from "./edge-client.ts";
import { ProgressMeter } from "./progress-meter.ts";
import { RemoteReplica, type RemoteReplicaPorts } from "./remote-replica.ts";
import { Replicator } from "./replicator.ts";
import { Sender } from "./sender.ts";
import type { TailTransport } from "./tail-transport.ts";
import { TopicDirectory } from "./topic-directory.ts";
import type { Transport } from "./transport.ts";

export interface SyncListener {
  settled(ref: PartitionRef): void;
  replicated(refs: readonly PartitionRef[]): void;
  learned(): void;
  event(event: WorkerEvent): void;
}

export interface SyncPorts {
  /** `strandline:<database>:sync`. */
  readonly lockName: string;
  readonly rootProducerKey: ProducerKey;
  readonly namespace: string;
  readonly principal: string;
  readonly outbox: Outbox;
  readonly replica: Replica;
  readonly catalog: TopicCatalog;
  readonly transport: Transport;
  /** Null: there are no sockets here, and what is followed is fetched. */
  readonly tail: TailTransport | null;
  readonly locks: Locks;
  /** Between the tabs: whether the one that leads still runs. */
  readonly news: Pick<DeviceNews, "publish" | "listen">;
  readonly clock: Clock;
  readonly random: Random;
  readonly retry: RetryPolicy;
  readonly listener: SyncListener;
  readonly paused: boolean;
}

export interface SyncStatus {
  /** The last request was answered. */
  readonly online: boolean;
  readonly leader: boolean;
  readonly paused: boolean;
  readonly lastError: SyncError | null;
}

export interface SyncHandle {
  wake(): void;
  hint(): void;
  setPaused(paused: boolean): void;
  /** Parked: its page stands still, so that it does not lead until it goes on. */
  park(parked: boolean): void;
  refreshTopics(names: readonly string[], options: { readonly create: boolean }): Promise<TopicMetadata[]>;
  createTopic(name: string, partitionCount: number | null, config: TopicConfig): Promise<TopicMetadata>;
  /** Reads at the edge and stores nothing; every tab may, whoever leads. Ends with `close` of its own, or of this. */
  reader(): RemoteReplica;
  /** Of an administrator, as the edge answers it. */
  request(request: EdgeRequest): Promise<unknown>;
  announceDevice(said: AnnounceDeviceRequest, signal: AbortSignal): Promise<AnnounceDeviceAnswer>;
  status(): SyncStatus;
  /** Resolves when the loops have ended; what was under way may still reach the edge. */
  close(): Promise<void>;
}

/** A leader that is silent for some four seconds does not run: another tab takes over within five. */
const QUESTIONS_MAX = 3;

export function startSync(ports: SyncPorts): SyncHandle {
  return new Sync(ports);
}

class Sync implements SyncHandle {
  readonly #ports: SyncPorts;
  readonly #edge: EdgeClient;
  readonly #directory: TopicDirectory;
  readonly #closing = new AbortController();
  #parking = new AbortController();
  #done: Promise<void>;
  #sender: Sender | null = null;
  #replicator: Replicator | null = null;
  #meter: ProgressMeter | null = null;
  #status: SyncStatus;

  constructor(ports: SyncPorts) {
    this.#ports = ports;
    this.#status = { online: false, leader: false, paused: ports.paused, lastError: null };
    this.#edge = new EdgeClient(ports.transport);
    this.#directory = new TopicDirectory(this.#edge, ports.catalog, ports, () => {
      ports.listener.learned();
      this.wake();
    });
    this.#done = this.#lead();
  }

  wake(): void {
    this.#sender?.wake();
    this.#meter?.touch();
    this.#replicator?.wake();
  }

  hint(): void {
    this.#sender?.hint();
    this.#replicator?.hint();
  }

  setPaused(paused: boolean): void {
    this.#change({ paused });
    this.#sender?.setPaused(paused);
    this.#replicator?.setPaused(paused);
  }

  park(parked: boolean): void {
    if (parked === this.#parking.signal.aborted) return;
    if (parked) this.#parking.abort();
    else {
      this.#parking = new AbortController();
      this.#done = this.#done.then(() => this.#lead());
    }
  }

  async refreshTopics(names: readonly string[], options: { readonly create: boolean }): Promise<TopicMetadata[]> {
    const wanted = names.length === 0 ? null : names;
    return [...(await this.#directory.refresh(wanted, options.create, this.#closing.signal))];
  }

  async createTopic(name: string, partitionCount: number | null, config: TopicConfig): Promise<TopicMetadata> {
    return await this.#directory.create(name, partitionCount, config, this.#closing.signal);
  }

  reader(): RemoteReplica {
    const reader = new RemoteReplica({ ...this.#ports, ...this.#readerPorts(), edge: this.#edge });
    this.#closing.signal.addEventListener("abort", () => reader.close(), { once: true });
    return reader;
  }

  async request(request: EdgeRequest): Promise<unknown> {
    return await this.#edge.request(request, this.#closing.signal);
  }

  async announceDevice(said: AnnounceDeviceRequest, signal: AbortSignal): Promise<AnnounceDeviceAnswer> {
    return await this.#edge.announceDevice(said, signal);
  }

  status(): SyncStatus {
    return this.#status;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#done;
  }

  /** Leads whenever it can, for as long as this client lives. */
  async #lead(): Promise<void> {
    const { lockName: name, locks, news, clock, random, retry } = this.#ports;
    const failed = (error: unknown): void => this.#reached(null, error);
    await holdTabLock(
      { name, locks, news, clock, random, failed, questionsMax: QUESTIONS_MAX, retryMs: retry.initialRetryTimeMs },
      AbortSignal.any([this.#closing.signal, this.#parking.signal]),
      (over) => this.#asLeader(over),
    );
  }

  async #asLeader(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { namespace, principal, rootProducerKey: producerKey } = this.#ports;
    const producerId = await producerIdOf({ namespace, principal, producerKey });
    const rootIdentity = { producerKey, producerId, sequenceBase: 0 as LocalSequence };
    const options = { paused: this.#status.paused, signal };
    const reached = (error: StrandlineError | null): void => this.#reached(error, null);
    const shared = { ...this.#ports, edge: this.#edge, directory: this.#directory, reached };
    const owner = { namespace, principal };
    // Telling a topic's name reads the store, which may be closed by now: then nobody is left to be told.
    const stepped = (ref: PartitionRef, settled: readonly SettledBatch[]): void =>
      void this.#stepped(ref, settled).catch(() => undefined);
    const succeeded = (ref: PartitionRef, reason: "diverged" | "forgotten" | "exhausted", records: number): void =>
      void this.#named(ref, (topic) => ({
        type: "producer.diverged",
        topic,
        partition: ref.partition,
        records,
        reason,
      })).catch(() => undefined);
    const blocked = (ref: PartitionRef, { localSequence, error }: BlockedBatch): void =>
      void this.#named(ref, (topic, remade = 0) => {
        const { partition } = ref;
        const receipt = receiptId({ topic, partition, localSequence, remade });
        return { type: "producer.blocked", topic, partition, receipt, error };
      }).catch(() => undefined);
    const sender = new Sender({ ...shared, owner, rootIdentity, stepped, succeeded, blocked }, options);
    this.#sender = sender;
    this.#meter = new ProgressMeter({
      ...this.#ports,
      signal,
      inflightRecords: () => sender.inflightRecords,
      tell: (progress) => this.#ports.listener.event({ type: "sync.progress", ...progress }),
    });
    const replicated = (refs: readonly PartitionRef[]): void => this.#ports.listener.replicated(refs);
    this.#replicator = new Replicator({ ...shared, ...this.#readerPorts(), replicated }, options);
    this.#change({ leader: true });
    this.#meter.touch();
    await Promise.all([this.#sender.run(), this.#replicator.run()]);
    this.#sender = null;
    this.#replicator = null;
    this.#meter = null;
    this.#change({ leader: false });
  }

  /** What whoever reads at the edge tells, and what a request names it by. */
  #readerPorts(): Pick<
    RemoteReplicaPorts,
    "sessionId" | "damaged" | "truncated" | "unknown" | "refused" | "reached" | "askTopics"
  > {
    const { listener, random } = this.#ports;
    return {
      sessionId: hex(random.bytes(16)),
      reached: (error) => this.#reached(error, null),
      askTopics: (names) => this.#directory.refresh(names, false, this.#closing.signal),
      unknown: (topic) => void this.#directory.refresh([topic], false, this.#closing.signal).catch(() => undefined),
      refused: (topic, error) => listener.event({ type: "topic.refused", topic, error: error.toBody() }),
      damaged: ({ partition }, topic, range) => listener.event({ type: "log.damaged", topic, partition, ...range }),
      truncated: ({ partition }, topic, offset) => listener.event({ type: "log.truncated", topic, partition, offset }),
    };
  }

  async #stepped(ref: PartitionRef, settled: readonly SettledBatch[]): Promise<void> {
    this.#ports.listener.settled(ref);
    const committed = settled.some(({ outcome }) => outcome.kind === "committed" && outcome.baseOffset !== null);
    const taken = settled.filter(({ outcome }) => outcome.kind === "committed");
    this.#meter?.synced(sum(taken, "count"), sum(taken, "bytes"));
    if (committed) this.#ports.listener.replicated([ref]);
    for (const { localSequence, count, outcome } of settled) {
      if (outcome.kind !== "dead") continue;
      const { partition } = ref;
      await this.#named(ref, (topic) => ({
        type: "record.dead",
        topic,
        partition,
        localSequence,
        count,
        error: outcome.error,
      }));
    }
  }

  /** Events name topics as people do. */
  async #named(ref: PartitionRef, event: (topic: string, remade?: number) => WorkerEvent): Promise<void> {
    const topic = (await this.#ports.catalog.all()).find((one) => one.topicKey === ref.topicKey);
    if (topic !== undefined) this.#ports.listener.event(event(topic.name, topic.remade));
  }

  #reached(error: StrandlineError | null, broken: unknown): void {
    if (broken !== null) this.#change({ online: false });
    else
      this.#change({
        online: error === null || error.code !== "NETWORK_EXCEPTION",
        lastError: error === null ? null : { ...error.toBody(), at: this.#ports.clock.now() },
      });
  }

  #change(change: Partial<SyncStatus>): void {
    const next = { ...this.#status, ...change };
    const same =
      next.online === this.#status.online && next.paused === this.#status.paused && next.leader === this.#status.leader;
    const told = same && next.lastError?.code === this.#status.lastError?.code;
    this.#status = next;
    if (!told) this.#ports.listener.event({ type: "sync.state", ...next });
  }
}

function sum(batches: readonly SettledBatch[], of: "count" | "bytes"): number {
  return batches.reduce((total, batch) => total + batch[of], 0);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
