/** A reader that goes on whatever happens to it: it deals with frames late, loses its socket, and comes back where it was. */
import { expect } from "vitest";
import type { Crc, LeaderEpoch } from "../../shared/brands.ts";
import type { Place } from "./edge.ts";
import { TailClient, type TailRecords } from "./tail-client.ts";

export type Below = (limit: number) => number;

export interface ReaderOptions {
  readonly place: Place;
  readonly offset: number;
  readonly windowBytes: number;
  readonly below: Below;
  /** One in so many steps loses the socket. */
  readonly losesOneIn: number;
}

export class TailReader {
  /** `offset:value` of all records from where it began. */
  readonly values: string[] = [];
  readonly errors: string[] = [];
  readonly from: number;
  position: number;
  readonly #options: ReaderOptions;
  #leaderEpoch: LeaderEpoch | null = null;
  #previousCrc: Crc | null = null;
  #socket: TailClient | null = null;
  /** Of what came on this socket. */
  #dealtWith = 0;
  #stopped = false;

  constructor(options: ReaderOptions) {
    this.from = options.offset;
    this.#options = options;
    this.position = options.offset;
  }

  async run(): Promise<void> {
    const { below, losesOneIn } = this.#options;
    while (!this.#stopped) {
      const socket = (this.#socket ??= await this.#open());
      this.#checkWindow(socket);
      const next = socket.came[this.#dealtWith];
      if (next !== undefined) this.#dealWith(socket, next);
      if (next === undefined || below(3) === 0) await new Promise((resolve) => setTimeout(resolve, below(6)));
      if (socket.closed !== null || (losesOneIn > 0 && below(losesOneIn) === 0)) this.#lose();
    }
    this.#lose();
  }

  stop(): void {
    this.#stopped = true;
  }

  async #open(): Promise<TailClient> {
    const { place, windowBytes } = this.#options;
    const socket = await TailClient.open({ acks: false });
    this.#dealtWith = 0;
    const position = { offset: this.position, leaderEpoch: this.#leaderEpoch, previousCrc: this.#previousCrc };
    socket.subscribe(place, { ...position, windowBytes });
    return socket;
  }

  #lose(): void {
    this.#socket?.close();
    this.#socket = null;
  }

  #dealWith(socket: TailClient, next: TailClient["came"][number]): void {
    this.#dealtWith += 1;
    if (next.type === "error") {
      this.errors.push(next.error.code);
      this.#lose();
    }
    if (next.type !== "records") return;
    for (const value of next.values) if (Number.parseInt(value) >= this.position) this.values.push(value);
    this.position = next.nextOffset;
    this.#leaderEpoch = next.leaderEpoch;
    this.#previousCrc = next.lastCrc;
    socket.ack(1, next.nextOffset);
  }

  /** What has come and was not acknowledged fits the window, unless it is one batch. */
  #checkWindow(socket: TailClient): void {
    const waiting = socket.came.slice(this.#dealtWith).filter((one): one is TailRecords => one.type === "records");
    const bytes = waiting.reduce((sum, one) => sum + one.bytes, 0);
    const batches = waiting.reduce((sum, one) => sum + one.batchCount, 0);
    if (batches > 1) expect(bytes).toBeLessThanOrEqual(this.#options.windowBytes);
  }
}
