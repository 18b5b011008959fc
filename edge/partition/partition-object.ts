import { DurableObject } from "cloudflare:workers";
import type { CommittedOffset } from "../../shared/api/groups.ts";
import type { ProducerProof } from "../../shared/api/produce.ts";
import type { ReconcileAnswer, ReconcileRequest } from "../../shared/api/reconcile.ts";
import type { ProducerId } from "../../shared/brands.ts";
import type { Env } from "../env.ts";
import { log, setLogLevel } from "../log.ts";
import type { PartitionMeter } from "../metrics/partition-meter.ts";
import { attempt, type Outcome } from "../outcome.ts";
import { PartitionQuotas } from "../quota/partition-quotas.ts";
import { systemClock as clock } from "../system-ports.ts";
import { DelayedFetches } from "./delayed-fetch.ts";
import { LogStore } from "./log-store.ts";
import { beginErasure, erasedWithin } from "./erase-key.ts";
import { deleteBelow } from "./maintenance.ts";
import type { OpenPartition } from "./open-partition.ts";
import { CommitTurns } from "./commit-turns.ts";
import { CountedAlarm } from "./counted-alarm.ts";
import type { CommitRequest, FenceAnswer, FenceRequest, GroupStanding } from "./group-port.ts";
import { PartitionLife } from "./partition-life.ts";
import { meterOf } from "./partition-metrics.ts";
import { addressOf } from "./partition-name.ts";
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
import { TAIL_HEADER, type TailQuestion } from "./tail-question.ts";
import type { AppendedRun } from "./tails.ts";
import type { TopicState } from "../topic-state.ts";

/**
 * One per partition: the only writer of its log. A shell: it hands calls on, each in one step.
 */
export class PartitionObject extends DurableObject<Env> {
  readonly #alarm: CountedAlarm;
  readonly #waits = new DelayedFetches(clock);
  readonly #meter: PartitionMeter;
  readonly #quotas = new PartitionQuotas(clock);
  readonly #life: PartitionLife;
  readonly #turns: CommitTurns;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    setLogLevel(env.STRANDLINE_LOG_LEVEL);
    const store = new LogStore(state.storage);
    this.#alarm = new CountedAlarm(state.storage);
    this.#meter = meterOf({ env, store, alarm: this.#alarm, open: () => this.#life.open });
    this.#life = new PartitionLife({ state, env: () => this.env, store, alarm: this.#alarm, meter: this.#meter });
    this.#turns = new CommitTurns(async () => await state.storage.sync());
  }

  async append(address: PartitionAddress, request: AppendRequest): Promise<Outcome<AppendAnswer>> {
    const step = (open: OpenPartition): AppendAnswer =>
      this.#quotas.append(request, () => {
        open.reads.heard(request.leaderEpoch);
        const alarmRows = this.#alarm.rowsWritten;
        const { answer, appended } = open.log.append(request);
        if (appended !== null) this.#appended(open, appended);
        this.#meter.appended(answer.error, appended);
        return { ...answer, rowsWritten: answer.rowsWritten + this.#alarm.rowsWritten - alarmRows };
      });
    return await this.#turns.take(async () => await this.#life.with(address, step));
  }

  async proof(address: PartitionAddress, producerId: ProducerId): Promise<Outcome<PartitionBounds & ProducerProof>> {
    return await this.#life.with(address, ({ extent, log }) => ({ ...extent.bounds(), ...log.proof(producerId) }));
  }

  async read(address: PartitionAddress, request: ReadRequest): Promise<Outcome<ReadAnswer>> {
    return await this.#life.with(address, ({ reads }) =>
      this.#quotas.read(request, () => this.#meter.fetched(reads.read(request))),
    );
  }

  async waitForAppend(address: PartitionAddress, request: WaitRequest): Promise<WaitEnd> {
    const bounds = await this.#life.with(address, ({ extent }) => extent.bounds());
    if (!bounds.ok || bounds.value.highWatermark > request.offset) return "grown";
    return await this.#waits.wait(request);
  }

  async reconcile(
    address: PartitionAddress,
    producerId: ProducerId,
    request: ReconcileRequest,
  ): Promise<Outcome<ReconcileAnswer>> {
    return await this.#life.with(address, ({ log }) => log.reconcile(producerId, request));
  }

  async bounds(address: PartitionAddress): Promise<Outcome<PartitionDescription>> {
    return await this.#life.with(address, ({ extent }) => extent.describe());
  }

  async batchAtTime(address: PartitionAddress, request: TimeRequest): Promise<Outcome<TimeAnswer>> {
    return await this.#life.with(address, ({ reads }) => reads.batchAtTime(request));
  }

  async deleteRecords(address: PartitionAddress, before: number): Promise<Outcome<PartitionBounds>> {
    return await this.#life.with(address, (open) => {
      if (deleteBelow(open, before)) this.#moved(open);
      return open.extent.bounds();
    });
  }

  /** Goes on also where nobody waits for it. */
  async erase(address: PartitionAddress, request: EraseRequest): Promise<Outcome<ErasedKey>> {
    const begun = await this.#life.with(address, (open) => {
      const { erased, appended } = beginErasure(open, request);
      if (appended !== null) this.#appended(open, appended);
      this.#meter.appended(null, appended);
      return erased;
    });
    const { open } = this.#life;
    if (!begun.ok || begun.value.state !== "pending" || open === null) return begun;
    const passes = open.maintenance.ordered();
    this.#life.inBackground(passes);
    return { ok: true, value: await erasedWithin(open, begun.value, { passes, waitMs: request.waitMs, clock }) };
  }

  async fence(address: PartitionAddress, request: FenceRequest): Promise<Outcome<FenceAnswer>> {
    return await this.#turns.take(async () => await this.#life.with(address, ({ groups }) => groups.fence(request)));
  }

  async commitOffset(address: PartitionAddress, request: CommitRequest): Promise<Outcome<CommittedOffset>> {
    return await this.#turns.take(async () => await this.#life.with(address, ({ groups }) => groups.commit(request)));
  }

  async groupStanding(address: PartitionAddress, group: string, incarnation?: number): Promise<Outcome<GroupStanding>> {
    return await this.#life.with(address, ({ groups }) => groups.standing(group, incarnation));
  }

  async forgetGroup(address: PartitionAddress, group: string, incarnation: number): Promise<Outcome<null>> {
    return await this.#life.with(address, ({ groups }) => groups.forget(group, incarnation));
  }

  /** From the controller, of a topic that changed; for a partition that was made before. Idempotent. */
  async adopt(address: PartitionAddress, topic: TopicState): Promise<Outcome<PartitionBounds>> {
    return await this.#life.with(address, (open) => {
      if (open.extent.adopt(topic)) {
        open.producers.retentionMs = open.extent.settings.producerStateRetentionMs;
        this.#moved(open);
        this.#life.inBackground(open.maintenance.woke());
      }
      return open.extent.bounds();
    });
  }

  /** From the controller, of a topic that was deleted: nothing is left, also of what is being opened at this moment. */
  async destroy(address: PartitionAddress): Promise<void> {
    if (!this.#life.isAt(address)) return;
    const { topicId, partition } = address;
    this.#life.end(address);
    this.#waits.endAll();
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    log.info("partition freed", { topicId, partition });
  }

  /** A Worker opens a tail: the request names the address and what is asked for, in JSON. */
  override async fetch(request: Request): Promise<Response> {
    const asked = JSON.parse(request.headers.get(TAIL_HEADER) ?? "null") as TailQuestion | null;
    if (asked === null || request.headers.get("upgrade") !== "websocket") return new Response(null, { status: 404 });
    const opened = await this.#life.with(asked.address, (open) => {
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
    const open = attempt(() => this.#life.openKnown());
    if (open.ok) open.value?.tails.message(socket, message);
  }

  override webSocketClose(socket: WebSocket): void {
    this.#life.open?.tails.closed(socket);
  }

  override webSocketError(socket: WebSocket): void {
    this.#life.open?.tails.closed(socket);
  }

  override async alarm(): Promise<void> {
    const known = attempt(() => this.#life.openKnown());
    const address = addressOf(this.ctx.id.name);
    if (address !== null) this.#meter.touched(address);
    if (known.ok && known.value !== null) await known.value.maintenance.alarmed();
  }

  #appended({ maintenance, tails }: OpenPartition, run: AppendedRun): void {
    this.#waits.appended(run.nextOffset, run.bytes.byteLength);
    tails.appended(run);
    const work = maintenance.appended();
    if (work !== null) this.#life.inBackground(work);
  }

  /** Readers that stood before what is gone are told, and so are those who wait at a barrier. */
  #moved({ reads, tails }: OpenPartition): void {
    reads.forgetChunks();
    tails.moved();
  }
}
