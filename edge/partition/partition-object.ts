import { DurableObject } from "cloudflare:workers";
import type { ProducerProof } from "../../shared/api/produce.ts";
import type { ReconcileAnswer, ReconcileRequest } from "../../shared/api/reconcile.ts";
import type { ProducerId } from "../../shared/brands.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { settingsOf, type Env } from "../env.ts";
import { log, setLogLevel, thrownFields } from "../log.ts";
import type { PartitionMeter } from "../metrics/partition-meter.ts";
import { attempt, type Outcome } from "../outcome.ts";
import { systemClock, systemRandom } from "../system-ports.ts";
import { DelayedFetches } from "./delayed-fetch.ts";
import { LogStore } from "./log-store.ts";
import { moveStart } from "./maintenance.ts";
import { openPartition, type OpenPartition } from "./open-partition.ts";
import { newMeta } from "./partition-meta.ts";
import { meterOf } from "./partition-metrics.ts";
import { addressOf, partitionId } from "./partition-name.ts";
import type {
  AppendAnswer,
  AppendRequest,
  PartitionAddress,
  PartitionBounds,
  PartitionDescription,
  ReadAnswer,
  ReadRequest,
  TimeAnswer,
  TimeRequest,
  WaitEnd,
  WaitRequest,
} from "./partition-port.ts";
import { random32 } from "./partition-reads.ts";
import { TAIL_HEADER, type TailQuestion } from "./tail-question.ts";
import type { AppendedRun } from "./tails.ts";
import type { TopicState } from "../topic-state.ts";

/**
 * One per partition: the only writer of its log. A shell: it finds out whether it should exist, and hands each call on
 * as one synchronous step.
 */
export class PartitionObject extends DurableObject<Env> {
  readonly #store: LogStore;
  readonly #waits = new DelayedFetches(systemClock);
  readonly #meter: PartitionMeter;
  /** Null: not confirmed yet, or storage failed and memory can no longer be trusted. */
  #open: OpenPartition | null = null;
  /** Null: no append is being committed. */
  #commit: Promise<void> | null = null;
  /** Its topic was deleted while this object was in memory. */
  #destroyed = false;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    setLogLevel(env.STRANDLINE_LOG_LEVEL);
    this.#store = new LogStore(state.storage);
    this.#meter = meterOf({ env, store: this.#store, open: () => this.#open });
  }

  /**
   * Appends that arrive while one is being committed wait for it and are then made in one turn, which the runtime
   * commits as one: what costs is the commit, not the row. A lone append waits for nothing.
   */
  async append(address: PartitionAddress, request: AppendRequest): Promise<Outcome<AppendAnswer>> {
    if (this.#commit !== null) await this.#commit;
    const outcome = this.#with(address, (open) => {
      open.reads.heard(request.leaderEpoch);
      const { answer, appended } = open.log.append(request);
      if (appended !== null) this.#appended(open, appended);
      this.#meter.appended(answer.error, appended);
      return answer;
    });
    // A commit that fails ends this object and every call to it, so how it ended does not matter here.
    const committed = (): void => void (this.#commit = null);
    this.#commit ??= this.ctx.storage.sync().then(committed, committed);
    return await outcome;
  }

  async proof(address: PartitionAddress, producerId: ProducerId): Promise<Outcome<PartitionBounds & ProducerProof>> {
    return await this.#with(address, ({ extent, log }) => ({ ...extent.bounds(), ...log.proof(producerId) }));
  }

  async read(address: PartitionAddress, request: ReadRequest): Promise<Outcome<ReadAnswer>> {
    return await this.#with(address, ({ reads }) => this.#meter.fetched(reads.read(request)));
  }

  async waitForAppend(address: PartitionAddress, request: WaitRequest): Promise<WaitEnd> {
    const bounds = await this.#with(address, ({ extent }) => extent.bounds());
    if (!bounds.ok || bounds.value.highWatermark > request.offset) return "grown";
    return await this.#waits.wait(request);
  }

  async reconcile(
    address: PartitionAddress,
    producerId: ProducerId,
    request: ReconcileRequest,
  ): Promise<Outcome<ReconcileAnswer>> {
    return await this.#with(address, ({ log }) => log.reconcile(producerId, request));
  }

  async bounds(address: PartitionAddress): Promise<Outcome<PartitionDescription>> {
    return await this.#with(address, ({ extent }) => extent.describe());
  }

  async batchAtTime(address: PartitionAddress, request: TimeRequest): Promise<Outcome<TimeAnswer>> {
    return await this.#with(address, ({ reads }) => reads.batchAtTime(request));
  }

  async deleteRecords(address: PartitionAddress, before: number): Promise<Outcome<PartitionBounds>> {
    return await this.#with(address, (open) => {
      const { logStartOffset, highWatermark } = open.extent.bounds();
      const startOffset = before === -1 ? highWatermark : before;
      if (startOffset > highWatermark)
        throw new StrandlineError("OFFSET_OUT_OF_RANGE", `offset ${before}, the log ends at ${highWatermark}`, {
          offset: before,
          logStartOffset,
          highWatermark,
        });
      if (startOffset > logStartOffset) {
        moveStart(open, startOffset);
        this.#moved(open);
      }
      return open.extent.bounds();
    });
  }

  /** From the controller, of a topic that changed; for a partition that was made before. Idempotent. */
  async adopt(address: PartitionAddress, topic: TopicState): Promise<Outcome<PartitionBounds>> {
    return await this.#with(address, (open) => {
      if (open.extent.adopt(topic)) {
        open.producers.retentionMs = open.extent.settings.producerStateRetentionMs;
        this.#moved(open);
        this.#inBackground(open.maintenance.woke());
      }
      return open.extent.bounds();
    });
  }

  /** From the controller, of a topic that was deleted: nothing is left, also of what is being opened at this moment. */
  async destroy(address: PartitionAddress): Promise<void> {
    if (!this.#isAt(address)) return;
    this.#destroyed = true;
    const { topicId, partition } = address;
    const gone = new StrandlineError("UNKNOWN_TOPIC_ID", `${topicId}, partition ${partition}`, { topicId, partition });
    attempt(() => this.#openKnown()?.tails.endAll(gone));
    this.#close();
    this.#waits.endAll();
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    log.info("partition freed", { topicId, partition });
  }

  /** A Worker opens a tail: the request names the address and what is asked for, in JSON. */
  override async fetch(request: Request): Promise<Response> {
    const asked = JSON.parse(request.headers.get(TAIL_HEADER) ?? "null") as TailQuestion | null;
    if (asked === null || request.headers.get("upgrade") !== "websocket") return new Response(null, { status: 404 });
    const opened = await this.#with(asked.address, (open) => {
      const { 0: client, 1: server } = new WebSocketPair();
      this.ctx.acceptWebSocket(server);
      open.tails.open(server, asked.request, asked.expiresAtMs);
      this.#meter.tailOpened();
      return client;
    });
    return opened.ok
      ? new Response(null, { status: 101, webSocket: opened.value })
      : Response.json(opened.error, { status: 409 });
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    if (typeof message !== "string") return;
    const open = attempt(() => this.#openKnown());
    if (open.ok) open.value?.tails.message(socket, message);
  }

  override webSocketClose(socket: WebSocket): void {
    this.#open?.tails.closed(socket);
  }

  override webSocketError(socket: WebSocket): void {
    this.#open?.tails.closed(socket);
  }

  override async alarm(): Promise<void> {
    const known = attempt(() => this.#openKnown());
    const address = addressOf(this.ctx.id.name);
    if (address !== null) this.#meter.touched(address);
    if (known.ok && known.value !== null) await known.value.maintenance.alarmed();
  }

  #appended({ maintenance, tails }: OpenPartition, run: AppendedRun): void {
    this.#waits.appended(run.nextOffset, run.bytes.byteLength);
    tails.appended(run);
    const work = maintenance.appended();
    if (work !== null) this.#inBackground(work);
  }

  /** Readers that stood before what is gone are told, and so are those who wait at a barrier. */
  #moved({ reads, tails }: OpenPartition): void {
    reads.forgetChunks();
    tails.moved();
  }

  #inBackground(work: Promise<void>): void {
    this.ctx.waitUntil(work.catch((error: unknown) => this.#failed(error)));
  }

  /** Awaits only before the step: nothing comes between its checks and its writes. */
  async #with<Value>(address: PartitionAddress, step: (open: OpenPartition) => Value): Promise<Outcome<Value>> {
    const opened = this.#open === null ? await this.#tryOpen(address) : null;
    if (opened !== null && !opened.ok) return opened;
    const open = this.#open;
    if (open === null) return attempt(() => this.#refuse(address));
    this.#meter.touched(address);
    return this.#fromStorage(() => step(open));
  }

  async #tryOpen(address: PartitionAddress): Promise<Outcome<null>> {
    if (this.#destroyed || !this.#isAt(address)) return attempt(() => this.#refuse(address));
    const known = this.#fromStorage(() => this.#openKnown());
    if (!known.ok) return known;
    if (known.value !== null) return { ok: true, value: null };
    const topic = await this.#confirm(address);
    return this.#fromStorage(() => {
      if (topic === null || this.#destroyed) this.#refuse(address);
      // Another call may have opened it while this one asked the controller.
      if (this.#store.meta() === null)
        this.#store.create(newMeta(topic, { counter: 0, random: random32(systemRandom) }));
      this.#openKnown();
      return null;
    });
  }

  /** Null: it has no tables. */
  #openKnown(): OpenPartition | null {
    if (this.#open !== null) return this.#open;
    const meta = this.#store.meta();
    if (meta === null) return null;
    const { storage } = this.ctx;
    const opened = openPartition(
      {
        store: this.#store,
        clock: systemClock,
        random: systemRandom,
        alarm: { get: async () => await storage.getAlarm(), set: async (at) => await storage.setAlarm(at) },
        sockets: this.ctx.getWebSockets(),
        storageBytesMax: settingsOf(this.env).storageBytesMax,
        failed: (error) => this.#failed(error),
        tailSent: (bytes) => this.#meter.tailSent(bytes),
      },
      meta,
    );
    this.#open = opened;
    this.#inBackground(opened.maintenance.woke());
    return opened;
  }

  #close(): void {
    this.#open?.maintenance.stop();
    this.#open = null;
  }

  #isAt(address: PartitionAddress): boolean {
    return partitionId(this.env.PARTITION, address).equals(this.ctx.id);
  }

  #fromStorage<Value>(step: () => Value): Outcome<Value> {
    return attempt(() => {
      try {
        return step();
      } catch (thrown) {
        throw thrown instanceof StrandlineError ? thrown : this.#storageFailed(thrown);
      }
    });
  }

  /** An object that holds nothing creates nothing until the controller says that it should exist. */
  async #confirm(address: PartitionAddress): Promise<TopicState | null> {
    const controller = this.env.CONTROLLER.get(this.env.CONTROLLER.idFromName(address.namespace));
    return await controller.confirmPartition(address);
  }

  #refuse({ topicId, partition }: PartitionAddress): never {
    throw new StrandlineError("UNKNOWN_TOPIC_ID", `${topicId}, partition ${partition}`, { topicId, partition });
  }

  /** Whether the write happened is not known, so memory starts again from what storage holds. */
  #storageFailed(cause: unknown): StrandlineError {
    this.#close();
    this.#failed(cause);
    return new StrandlineError("KAFKA_STORAGE_ERROR", "");
  }

  #failed(error: unknown): void {
    log.error("storage failed", thrownFields(error));
  }
}
