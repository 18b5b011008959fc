/** A device's sockets to the simulated edge: frames go in order, late, and not at all once something has gone wrong. */
import type { TailListener, TailSocket, TailTransport } from "../../client/sync/tail-transport.ts";
import type { TailClientFrame, TailEdgeFrame } from "../../shared/api/tail.ts";
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { SimulatedEdge } from "./simulated-edge.ts";

/**
 * What happens to a socket that is being opened, or to a frame on its way down. `cut`: both ends hear that it is over.
 * `silent`: neither does, and nothing goes through any more. `damage`: a bit of the frame is another one.
 */
export type TailFault = "cut" | "silent" | "damage";

export interface TailNetwork {
  readonly offline: ReadonlySet<string>;
  latencyMs(): number;
  /** Of frames on their way down; null: as of everything. */
  readonly tailLatencyMs: (() => number) | null;
  disturbTail(device: string, at: "open" | "frame"): TailFault | null;
}

interface Parts {
  readonly tail: SimulatedTail;
  readonly device: string;
  readonly clock: Clock;
  readonly edge: SimulatedEdge;
  readonly network: TailNetwork;
}

export class SimulatedTail implements TailTransport {
  readonly ticketed = false;
  readonly #parts: Parts;
  /** Sockets that were asked for. */
  asked = 0;
  /** Those that are open. */
  open = 0;
  /** By the device. */
  readonly sent: TailClientFrame[] = [];
  /** The subscriptions' errors, as the edge told them. */
  readonly errors: string[] = [];
  readonly #windows = new Map<number, number>();
  /** Over all subscriptions of a socket. */
  windowBytesMax = 0;

  constructor(parts: Omit<Parts, "tail">) {
    this.#parts = { ...parts, tail: this };
  }

  noteUp(text: string): void {
    if (text === "ping") return;
    const frame = JSON.parse(text) as TailClientFrame;
    this.sent.push(frame);
    if (frame.type === "subscribe") this.#windows.set(frame.id, frame.windowBytes);
    if (frame.type === "unsubscribe") this.#windows.delete(frame.id);
    const sum = [...this.#windows.values()].reduce((bytes, one) => bytes + one, 0);
    this.windowBytesMax = Math.max(this.windowBytesMax, sum);
  }

  noteDown(data: string | Uint8Array): void {
    if (typeof data !== "string" || data === "pong") return;
    const frame = JSON.parse(data) as TailEdgeFrame;
    if (frame.type === "error") this.errors.push(frame.error.code);
  }

  async connect(_protocols: readonly string[], listener: TailListener, signal: AbortSignal): Promise<TailSocket> {
    const { device, clock, network } = this.#parts;
    this.asked += 1;
    this.#windows.clear();
    const fault = network.offline.has(device) ? "cut" : network.disturbTail(device, "open");
    await clock.sleep(network.latencyMs(), signal);
    if (fault === "silent") await clock.sleep(1e9, signal);
    if (fault !== null || signal.aborted) throw new StrandlineError("NETWORK_EXCEPTION", "told to fail");
    return new Wire(this.#parts, listener);
  }
}

class Wire implements TailSocket {
  readonly #parts: Parts;
  readonly #listener: TailListener;
  readonly #over = new AbortController();
  readonly #session: ReturnType<SimulatedEdge["openTailSession"]>;
  #up: Promise<void> = Promise.resolve();
  #down: Promise<void> = Promise.resolve();
  #silent = false;
  #closed = false;

  constructor(parts: Parts, listener: TailListener) {
    this.#parts = parts;
    this.#listener = listener;
    const client = { send: (data: string | Uint8Array) => this.#sendDown(data), close: () => this.#endBehind() };
    parts.tail.open += 1;
    this.#session = parts.edge.openTailSession(client, this.#over.signal);
  }

  send(text: string): void {
    this.#parts.tail.noteUp(text);
    const arrived = this.#parts.clock.sleep(this.#parts.network.latencyMs());
    this.#up = this.#up.then(async () => {
      await arrived;
      if (this.#isUp()) await this.#session.message(text);
    });
  }

  close(): void {
    if (!this.#closed) this.#parts.tail.open -= 1;
    this.#closed = true;
    this.#over.abort();
    this.#session.gone();
  }

  #sendDown(data: string | Uint8Array): void {
    const copy = typeof data === "string" ? data : data.slice();
    const { network } = this.#parts;
    const arrived = this.#parts.clock.sleep(network.tailLatencyMs?.() ?? network.latencyMs());
    this.#down = this.#down.then(async () => {
      await arrived;
      if (this.#isUp()) this.#arrive(copy);
    });
  }

  #arrive(data: string | Uint8Array): void {
    const fault = this.#parts.network.disturbTail(this.#parts.device, "frame");
    if (fault === "cut") return this.#cut();
    if (fault === "silent") this.#silent = true;
    if (this.#silent) return;
    if (fault === "damage" && typeof data !== "string") data[data.length - 3] = (data[data.length - 3] ?? 0) ^ 0x10;
    this.#parts.tail.noteDown(data);
    this.#listener.received(data);
  }

  /** The edge has closed it: behind what it has sent. */
  #endBehind(): void {
    this.#down = this.#down.then(() => {
      if (this.#isUp()) this.#cut();
    });
  }

  #cut(): void {
    this.close();
    this.#listener.closed();
  }

  #isUp(): boolean {
    if (this.#parts.network.offline.has(this.#parts.device)) this.#silent = true;
    return !this.#silent && !this.#closed;
  }
}
