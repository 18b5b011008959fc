/** A device's socket on `GET /v1/tail`, as the tests drive it: what came is kept in order, and waited for. */
import { expect, vi } from "vitest";
import type { TailClientFrame, TailEdgeFrame, TailRecordsHead, TailSubscribe } from "../../shared/api/tail.ts";
import type { Crc } from "../../shared/brands.ts";
import { readEnvelope, takePayloads } from "../../shared/envelope.ts";
import { readUint32 } from "../../shared/record-batch.ts";
import { batches, records } from "../../shared/record-batch-decode.ts";
import { textOf } from "../../shared/utf8.ts";
import { call, type Place } from "./edge.ts";

export interface TailRecords extends TailRecordsHead {
  readonly type: "records";
  readonly id: number;
  /** `offset:value` of each. */
  readonly values: readonly string[];
  readonly batchCount: number;
  /** Of its last batch. */
  readonly lastCrc: Crc | null;
}

export type Came = TailRecords | TailEdgeFrame | { readonly type: "pong" };

export class TailClient {
  readonly came: Came[] = [];
  closed: { readonly code: number; readonly reason: string } | null = null;
  readonly #socket: WebSocket;
  /** Acknowledges whatever comes. */
  readonly #acks: boolean;

  private constructor(socket: WebSocket, acks: boolean) {
    this.#socket = socket;
    this.#acks = acks;
  }

  static async open({ acks = true }: { readonly acks?: boolean } = {}): Promise<TailClient> {
    return await TailClient.over(await call("/v1/tail", { headers: { upgrade: "websocket" } }), acks);
  }

  /** On the socket that was answered. */
  static async over(response: Response, acks = true): Promise<TailClient> {
    const socket = response.webSocket;
    if (socket === null) throw new Error(`${response.status}: ${await response.text()}`);
    const client = new TailClient(socket, acks);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => client.#take(data as string | ArrayBuffer));
    socket.addEventListener("close", ({ code, reason }) => void (client.closed = { code, reason }));
    socket.accept();
    return client;
  }

  subscribe(place: Place, options: Partial<TailSubscribe> = {}): void {
    const { topicId, partition } = place;
    this.send({
      ...{ type: "subscribe", id: 1, topicId, partition, offset: 0, leaderEpoch: null, previousCrc: null },
      ...{ windowBytes: 1_048_576, keyOrder: false, ...options },
    });
  }

  ack(id: number, offset: number): void {
    this.send({ type: "ack", id, offset });
  }

  send(frame: TailClientFrame | string): void {
    this.#socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  sendBytes(bytes: Uint8Array<ArrayBuffer>): void {
    this.#socket.send(bytes);
  }

  close(): void {
    this.#socket.close(1000, "done");
  }

  /** `offset:value` of all records of the subscription so far. */
  values(id = 1): string[] {
    return this.came.flatMap((one) => (one.type === "records" && one.id === id ? one.values : []));
  }

  frames(type: Came["type"]): Came[] {
    return this.came.filter((one) => one.type === type);
  }

  async until(fulfilled: () => boolean, timeout = 10_000): Promise<void> {
    await vi.waitFor(() => expect(fulfilled() ? true : this.came.slice(-5)).toBe(true), { timeout, interval: 5 });
  }

  async untilValues(values: readonly string[], id = 1): Promise<void> {
    await this.until(() => this.values(id).length >= values.length);
    expect(this.values(id)).toEqual(values);
  }

  #take(data: string | ArrayBuffer): void {
    if (data === "pong") this.came.push({ type: "pong" });
    else if (typeof data === "string") this.came.push(JSON.parse(data) as TailEdgeFrame);
    else this.#takeRecords(new Uint8Array(data));
  }

  #takeRecords(frame: Uint8Array): void {
    const id = readUint32(frame, 0);
    const envelope = frame.subarray(4);
    const { head, payloadStart } = readEnvelope(envelope);
    const known = head as TailRecordsHead;
    const [bytes = new Uint8Array()] = takePayloads(envelope, payloadStart, [known.bytes]);
    const found = Array.from(batches(bytes));
    const values = found.flatMap((batch) =>
      Array.from(
        records(batch),
        ({ offset, value }) => `${offset}:${value === null ? "null" : textOf(value).slice(0, 20)}`,
      ),
    );
    const lastCrc = (found.at(-1)?.crc ?? null) as Crc | null;
    this.came.push({ type: "records", id, ...known, values, batchCount: found.length, lastCrc });
    if (this.#acks) this.ack(id, known.nextOffset);
  }
}
