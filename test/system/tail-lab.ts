/** A broker on a bare workerd that tells its sockets, a topic on it, and clients that go without a word. */
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { request } from "node:http";
import type { Socket } from "node:net";
import { expect, vi } from "vitest";
import type { TopicMetadata } from "../../shared/api/metadata.ts";
import { writeEnvelope } from "../../shared/envelope.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { POLL_MS_MAX } from "../harness/time-limits.ts";
import { startBroker } from "../harness/workerd-broker.ts";
import type { Workerd } from "../harness/workerd.ts";

export interface Count {
  readonly sockets: number;
  /** Differs from one time that the object is in memory to the next. */
  readonly life: string;
}

export class TailLab {
  readonly broker: Workerd;
  readonly topic: TopicMetadata;
  readonly #close: () => Promise<void>;

  private constructor(broker: Workerd, topic: TopicMetadata, close: () => Promise<void>) {
    this.broker = broker;
    this.topic = topic;
    this.#close = close;
  }

  static async open(variables: Readonly<Record<string, string>> = {}): Promise<TailLab> {
    const dir = await tempDir("tail");
    const broker = await startBroker({ dir: dir.path, entry: "test/edge/counted-worker.ts", variables });
    const body = JSON.stringify({ name: "tailed", partitionCount: 1 });
    const response = await fetch(`${broker.url}/v1/topics`, { method: "POST", body });
    const topic = (await response.json()) as TopicMetadata;
    return new TailLab(broker, topic, async () => {
      await broker.kill();
      await dir.remove();
    });
  }

  async close(): Promise<void> {
    await this.#close();
  }

  get recordsUrl(): string {
    return `${this.broker.url}/v1/topics/tailed/partitions/0/records`;
  }

  async append(...values: readonly string[]): Promise<void> {
    const encoder = new RecordBatchEncoder();
    for (const value of values) encoder.append({ key: null, value, timestamp: 1 });
    const run = encoder.finish();
    const { topicId } = this.topic;
    const head = { topicId, partition: 0, leaderEpoch: null, producerKey: null, chain: 0, bytes: run.length };
    const body = writeEnvelope({ partitions: [head] }, [run]);
    const response = await fetch(`${this.broker.url}/v1/produce`, { method: "POST", body });
    const answer = (await response.json()) as { readonly partitions?: readonly { readonly error: unknown }[] };
    expect(answer.partitions?.[0]?.error).toBeNull();
  }

  async count(): Promise<Count> {
    const response = await fetch(`${this.broker.url}/count?topicId=${this.topic.topicId}`);
    return (await response.json()) as Count;
  }

  async untilSockets(sockets: number, timeout = POLL_MS_MAX): Promise<void> {
    const asked = async (): Promise<void> => expect((await this.count()).sockets).toBe(sockets);
    await vi.waitFor(asked, { timeout, interval: 100 });
  }

  subscribeFrame(): string {
    return JSON.stringify({ type: "subscribe", id: 1, topicId: this.topic.topicId, partition: 0, offset: 0 });
  }

  /** Node's own client. */
  async webSocket(): Promise<{ readonly socket: WebSocket; readonly came: (string | ArrayBuffer)[] }> {
    const socket = new WebSocket(`${this.broker.url.replace("http", "ws")}/v1/tail`);
    socket.binaryType = "arraybuffer";
    const came: (string | ArrayBuffer)[] = [];
    socket.addEventListener("message", ({ data }) => came.push(data as string | ArrayBuffer));
    await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
    return { socket, came };
  }

  /** A WebSocket by hand, so that it can end without its closing handshake. */
  async bareSocket(): Promise<Socket> {
    const headers = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": randomBytes(16).toString("base64"),
    };
    const asked = request(`http://127.0.0.1:${this.broker.port}/v1/tail`, { headers });
    asked.end();
    return await new Promise((resolve, reject) => {
      asked.once("upgrade", (_, socket: Socket) => resolve(socket));
      asked.once("error", reject);
    });
  }

  curl(): { readonly child: ChildProcess; readonly said: () => string; readonly ended: Promise<number | null> } {
    const child = spawn("curl", ["-sN", "-H", "accept: text/event-stream", this.recordsUrl]);
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => (said += part));
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    return { child, said: () => said, ended };
  }
}

/** A masked text frame of RFC 6455, short enough for a length of 16 bits. */
export function textFrame(text: string): Uint8Array {
  const payload = Buffer.from(text);
  const mask = randomBytes(4);
  const masked = payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0));
  const head = Uint8Array.of(0x81, 0x80 | 126, payload.length >> 8, payload.length & 0xff);
  return Buffer.concat([head, mask, masked]);
}
