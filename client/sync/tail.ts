/** The device's one socket to `GET /v1/tail`: asked for, opened, lost and had again. What it does not bring is fetched. */
import { SOCKET_PROTOCOL, TICKET_PREFIX } from "../../shared/api/tickets.ts";
import type { StrandlineError } from "../../shared/strandline-error.ts";
import type { Backoff } from "./backoff.ts";
import type { PartitionRef } from "../log/device-log.ts";
import type { EdgeClient } from "./edge-client.ts";
import type { Followed } from "./followed.ts";
import { Hold } from "./hold.ts";
import { afterLoss, retryInMs, TAIL_CLOSED, type TailState } from "./tail-state.ts";
import { TailStream, type Rest, type TailStreamPorts } from "./tail-stream.ts";
import type { TailTransport } from "./tail-transport.ts";

export interface TailPorts extends Omit<TailStreamPorts, "lost" | "sidelined"> {
  readonly transport: TailTransport;
  readonly edge: EdgeClient;
  readonly backoff: Backoff;
  /** There is something to fetch, or the socket may be tried again. */
  readonly changed: () => void;
  readonly opened: () => void;
  readonly failed: (error: StrandlineError) => void;
}

const CONNECT_MS = 5_000;
const STEADY_MS = 5_000;

export class Tail {
  readonly #ports: TailPorts;
  readonly #retry: Hold;
  #state: TailState = TAIL_CLOSED;
  #opening: AbortController | null = null;
  #stream: TailStream | null = null;

  constructor(ports: TailPorts) {
    this.#ports = ports;
    this.#retry = new Hold(ports.clock, ports.changed);
  }

  /** What has to be fetched: all, where there is no socket. Rejects where the edge refuses or does not answer. */
  async follow(followed: readonly Followed[]): Promise<Rest> {
    if (this.#stream === null && !this.#retry.active) await this.#open();
    return this.#stream?.follow(followed) ?? { followed, brief: false };
  }

  /** The network may be another one. */
  hint(): void {
    this.#stream?.check();
    this.forgive();
  }

  /** What has failed was not the socket alone. */
  forgive(): void {
    if (this.#stream !== null) return;
    if (this.#opening === null) this.#state = TAIL_CLOSED;
    this.#retry.end();
  }

  close(): void {
    this.#opening?.abort();
    this.#opening = null;
    this.#stream?.close();
    this.#stream = null;
    this.#state = TAIL_CLOSED;
  }

  async #open(): Promise<void> {
    const opening = new AbortController();
    this.#opening = opening;
    try {
      const protocols = [SOCKET_PROTOCOL];
      if (this.#ports.transport.ticketed) protocols.push(TICKET_PREFIX + (await this.#ticket(opening.signal)));
      this.#state = { ...this.#state, phase: "connecting" };
      await this.#connect(protocols, opening);
    } finally {
      if (this.#opening === opening) this.#opening = null;
    }
  }

  async #ticket(signal: AbortSignal): Promise<string> {
    const before = this.#state;
    this.#state = { ...before, phase: "asking ticket" };
    try {
      return await this.#ports.edge.ticket(signal);
    } catch (error) {
      // Says nothing of sockets.
      this.#state = before;
      throw error;
    }
  }

  async #connect(protocols: readonly string[], opening: AbortController): Promise<void> {
    const connected = new AbortController();
    void this.#ports.clock.sleep(CONNECT_MS, connected.signal).then(() => opening.abort());
    let stream: TailStream | null = null;
    let gone = false;
    const received = (data: string | Uint8Array): void => stream?.received(data);
    const closed = (): void => {
      gone = true;
      if (stream === null || this.#stream !== stream) return;
      stream.close();
      this.#lost(false);
    };
    const lost = (error: StrandlineError | null): void => this.#ended(error);
    const socket = await this.#ports.transport
      .connect(protocols, { received, closed }, opening.signal)
      .catch(() => null)
      .finally(() => connected.abort());
    if (this.#opening !== opening) return socket?.close();
    if (socket === null || gone) return this.#lost(false);
    const replicated = (refs: readonly PartitionRef[]): void => {
      this.#delivered();
      this.#ports.replicated(refs);
    };
    stream = new TailStream({ ...this.#ports, replicated, sidelined: this.#ports.changed, lost }, socket);
    this.#stream = stream;
    this.#state = { ...this.#state, phase: "open" };
    this.#ports.opened();
    void this.#steady(stream);
  }

  /** Sockets that bring something and end early are worth having. */
  #delivered(): void {
    this.#state = { ...this.#state, failures: 0 };
    this.#ports.backoff.reset();
  }

  async #steady(stream: TailStream): Promise<void> {
    await this.#ports.clock.sleep(STEADY_MS, stream.signal);
    if (this.#stream !== stream) return;
    this.#delivered();
    this.#state = { ...this.#state, phase: "steady" };
  }

  #ended(error: StrandlineError | null): void {
    // A credential ends, and so does the socket it has opened: the next one is opened with the next.
    const expired = error?.code === "SASL_AUTHENTICATION_FAILED" && this.#state.phase === "steady";
    if (error !== null && !expired && error.code !== "NETWORK_EXCEPTION") this.#ports.failed(error);
    this.#lost(error === null || expired);
  }

  #lost(ended: boolean): void {
    const before = this.#state;
    this.#stream = null;
    this.#state = afterLoss(before, ended);
    const delayMs = retryInMs(before, this.#state, this.#ports.backoff.nextDelayMs());
    if (delayMs > 0) this.#retry.start(delayMs);
    this.#ports.changed();
  }
}
