import { DurableObject } from "cloudflare:workers";
import type { ProducerProof } from "../../shared/api/produce.ts";
import type { ReconcileAnswer, ReconcileRequest } from "../../shared/api/reconcile.ts";
import type { ProducerId } from "../../shared/brands.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { settingsOf, type Env } from "../env.ts";
import { log, setLogLevel, thrownFields } from "../log.ts";
import type { PartitionMeter } from "../metrics/partition-meter.ts";
import { attempt, type Outcome } from "../outcome.ts";
import { PartitionQuotas } from "../quota/partition-quotas.ts";
import { systemClock as clock, systemRandom as random } from "../system-ports.ts";
import { DelayedFetches } from "./delayed-fetch.ts";
import { LogStore } from "./log-store.ts";
import { beginErasure, erasedWithin } from "./erase-key.ts";
import { deleteBelow } from "./maintenance.ts";
import { openPartition, type OpenPartition } from "./open-partition.ts";
import { newMeta } from "./partition-meta.ts";
import { CountedAlarm } from "./counted-alarm.ts";
import { meterOf } from "./partition-metrics.ts";
import { addressOf, partitionId } from "./partition-name.ts";
import type {
  AppendAnswer,
  AppendRequest,
  ErasedKey,
  EraseRequest,
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
 * One per partition: the only writer of its log. A shell: it finds out whether it should exist, and hands calls on in one step.
 */
export class PartitionObject extends DurableObject<Env> {
  readonly #store: LogStore;
  readonly #alarm: CountedAlarm;
  readonly #waits = new DelayedFetches(clock);
  readonly #meter: PartitionMeter;
  readonly #quotas = new PartitionQuotas(clock);
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
    this.#alarm = new CountedAlarm(state.storage);
    this.#meter = meterOf({ env, store: this.#store, alarm: this.#alarm, open: () => this.#open });
  }

  /**
   * Appends that arrive while one is being committed wait for it and are then made in one turn, which the runtime
   * commits as one: what costs is the commit, not the row. A lone append waits for nothing.
   */
  async append(address: PartitionAddress, request: AppendRequest): Promise<Outcome<AppendAnswer>> {
    if (this.#commit !== null) await this.#commit;
    const outcome = this.#with(address, (open) =>
      this.#quotas.append(request, () => {
        open.reads.heard(request.leaderEpoch);
        const alarmRows = this.#alarm.rowsWritten;
        const { answer, appended } = open.log.append(request);
        if (appended !== null) this.#appended(open, appended);
        this.#meter.appended(answer.error, appended);
        return { ...answer, rowsWritten: answer.rowsWritten + this.#alarm.rowsWritten - alarmRows };
      }),
    );
    // A commit that fails ends this object and every call to it, so how it ended does not matter here.
    const committed = (): void => void (this.#commit = null);
    this.#commit ??= this.ctx.storage.sync().then(committed, committed);
    return await outcome;
  }

  async proof(address: PartitionAddress, producerId: ProducerId): Promise<Outcome<PartitionBounds & ProducerProof>> {
    return await this.#with(address, ({ extent, log }) => ({ ...extent.bounds(), ...log.proof(producerId) }));
  }

  async read(address: PartitionAddress, request: ReadRequest): Promise<Outcome<ReadAnswer>> {
    return await this.#with(address, ({ reads }) =>
      this.#quotas.read(request, () => this.#meter.fetched(reads.read(request))),
    );
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
      if (deleteBelow(open, before)) this.#moved(open);
      return open.extent.bounds();
    });
  }

  /** Goes on also where nobody waits for it. */
  async erase(address: PartitionAddress, request: EraseRequest): Promise<Outcome<ErasedKey>> {
    const begun = await this.#with(address, (open) => {
      const { erased, appended } = beginErasure(open, request);
      if (appended !== null) this.#appended(open, appended);
      this.#meter.appended(null, appended);
      return erased;
    });
    const open = this.#open;
    if (!begun.ok || begun.value.state !== "pending" || open === null) return begun;
    const passes = open.maintenance.ordered();
    this.#inBackground(passes);
    return { ok: true, value: await erasedWithin(open, begun.value, { passes, waitMs: request.waitMs, clock }) };
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
    attempt(() => this.#openKnown()?.tails.endAll(notHere(address)));
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
    if (open === null) return { ok: false, error: notHere(address).toBody() };
    this.#meter.touched(address);
    return this.#fromStorage(() => step(open));
  }

  async #tryOpen(address: PartitionAddress): Promise<Outcome<null>> {
    if (this.#destroyed || !this.#isAt(address)) return { ok: false, error: notHere(address).toBody() };
    const known = this.#fromStorage(() => this.#openKnown());
    if (!known.ok) return known;
    if (known.value !== null) return { ok: true, value: null };
    // An object that holds nothing creates nothing until the controller says that it should exist.
    const controller = this.env.CONTROLLER.get(this.env.CONTROLLER.idFromName(address.namespace));
    const topic = await controller.confirmPartition(address);
    return this.#fromStorage(() => {
      if (topic === null || this.#destroyed) throw notHere(address);
      // Another call may have opened it while this one asked the controller.
      if (this.#store.meta() === null) this.#store.create(newMeta(topic, { counter: 0, random: random32(random) }));
      this.#openKnown();
      return null;
    });
  }

  /** Null: it has no tables. */
  #openKnown(): OpenPartition | null {
    if (this.#open !== null) return this.#open;
    const meta = this.#store.meta();
    if (meta === null) return null;
    this.#open = openPartition(
      {
        ...{ store: this.#store, alarm: this.#alarm, clock, random },
        sockets: this.ctx.getWebSockets(),
        storageBytesMax: settingsOf(this.env).storageBytesMax,
        failed: (error) => this.#failed(error),
        tailSent: (bytes) => this.#meter.tailSent(bytes),
      },
      meta,
    );
    this.#inBackground(this.#open.maintenance.woke());
    return this.#open;
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

function notHere({ topicId, partition }: PartitionAddress): StrandlineError {
  return new StrandlineError("UNKNOWN_TOPIC_ID", `${topicId}, partition ${partition}`, { topicId, partition });
}
