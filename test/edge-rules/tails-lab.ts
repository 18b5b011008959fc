/** The tails of a log that is in memory: one batch a row, of a size that the test says, and sockets that note what they got. */
import type { LogExtent } from "../../edge/partition/log-extent.ts";
import type { GrowthBarrier, PartitionBounds, ReadAnswer, TailRequest } from "../../edge/partition/partition-port.ts";
import type { PartitionReads } from "../../edge/partition/partition-reads.ts";
import type { TailDownFrame, TailUpFrame } from "../../edge/partition/tail-frames.ts";
import type { TailSocket, TailState } from "../../edge/partition/tail-state.ts";
import { Tails } from "../../edge/partition/tails.ts";
import type { TailRecordsHead } from "../../shared/api/tail.ts";
import { readEnvelope } from "../../shared/envelope.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

const NOTHING = new Uint8Array();

export class FakeSocket implements TailSocket {
  readonly records: TailRecordsHead[] = [];
  readonly said: TailUpFrame[] = [];
  closed: { readonly code: number; readonly reason: string } | null = null;
  /** Its peer is gone: sending throws. */
  broken = false;
  #attachment: string | null = null;

  send(data: string | ArrayBuffer | ArrayBufferView): void {
    if (this.broken || this.closed !== null) throw new TypeError("closed");
    if (typeof data === "string") this.said.push(JSON.parse(data) as TailUpFrame);
    else this.records.push(readEnvelope((data as Uint8Array).subarray(4)).head as TailRecordsHead);
  }
  close(code: number, reason: string): void {
    this.closed = { code, reason };
  }
  serializeAttachment(state: TailState): void {
    this.#attachment = JSON.stringify(state);
  }
  deserializeAttachment(): TailState | null {
    return this.#attachment === null ? null : (JSON.parse(this.#attachment) as TailState);
  }

  /** Up to where it was sent records. */
  get nextOffset(): number {
    return this.records.at(-1)?.nextOffset ?? 0;
  }
  get bytes(): number {
    return this.records.reduce((sum, one) => sum + one.bytes, 0);
  }
  get errors(): string[] {
    return this.said.flatMap((one) => (one.type === "error" ? [one.error.code] : []));
  }
}

export class TailsLab {
  readonly clock = new VirtualClock();
  readonly sockets: FakeSocket[] = [];
  readonly growths: GrowthBarrier[] = [];
  startOffset = 0;
  /** Questions that went to the log, and not to memory. */
  reads = 0;
  /** Bytes of the batch at each offset; 0: compaction left nothing of it. */
  readonly #batches: number[] = [];
  tails: Tails = this.#newTails();

  /** One run of batches, one record each. */
  append(...bytes: readonly number[]): void {
    const baseOffset = this.#batches.length;
    this.#batches.push(...bytes);
    const run = new Uint8Array(bytes.reduce((sum, one) => sum + one, 0));
    this.tails.appended({ baseOffset, nextOffset: this.#batches.length, bytes: run });
  }

  /** As an append that nobody was there for. */
  hold(...bytes: readonly number[]): void {
    this.#batches.push(...bytes);
  }

  open(request: Partial<TailRequest> = {}, expiresAtMs: number | null = null): FakeSocket {
    const socket = new FakeSocket();
    this.sockets.push(socket);
    const asked = { offset: 0, leaderEpoch: null, previousCrc: null, windowBytes: 1_048_576, growthsPassed: null };
    this.tails.open(socket, { ...asked, ...request }, expiresAtMs);
    return socket;
  }

  say(socket: FakeSocket, frame: TailDownFrame): void {
    this.tails.message(socket, JSON.stringify(frame));
  }

  ack(socket: FakeSocket, offset = socket.nextOffset): void {
    this.say(socket, { type: "ack", offset });
  }

  /** The object leaves memory and comes back; what it was about to do is forgotten. */
  evict(): void {
    // Whatever the tails before had set going finds no socket of theirs any more.
    for (const socket of this.sockets) this.tails.closed(socket);
    this.tails = this.#newTails();
  }

  #newTails(): Tails {
    const sockets = this.sockets.filter((one) => one.closed === null && !one.broken);
    const lab = { bounds: () => this.#bounds(), growths: this.growths } as unknown as LogExtent;
    return new Tails({ reads: this.#newReads(), extent: lab, clock: this.clock, sockets });
  }

  #bounds(): PartitionBounds {
    const leaderEpoch = { counter: 0, random: 1 };
    return { leaderEpoch, logStartOffset: this.startOffset, highWatermark: this.#batches.length };
  }

  #newReads(): PartitionReads {
    const read = ({ offset, bytesMax, before }: Parameters<PartitionReads["read"]>[0]): ReadAnswer => {
      this.reads += 1;
      return this.#read(offset, { bytesMax, before });
    };
    const shared: PartitionReads["shared"] = (question) =>
      read({ ...question, atLeastOne: true, previousCrc: null, leaderEpoch: null });
    return { read, shared } as unknown as PartitionReads;
  }

  #read(
    offset: number,
    { bytesMax, before }: { readonly bytesMax: number; readonly before: number | null },
  ): ReadAnswer {
    const bounds = this.#bounds();
    const answer = { ...bounds, error: null, divergence: null, nextOffset: offset, bytes: NOTHING };
    if (offset < bounds.logStartOffset || offset > bounds.highWatermark)
      return { ...answer, error: "OFFSET_OUT_OF_RANGE" };
    let length = 0;
    let at = offset;
    for (; at < (before ?? bounds.highWatermark); at += 1) {
      const batch = this.#batches[at] ?? 0;
      if (length > 0 && length + batch > bytesMax) break;
      length += batch;
    }
    return { ...answer, nextOffset: at, bytes: new Uint8Array(length) };
  }
}
