/** Whether anybody is at the other end: a socket can be dead for minutes before anybody is told. */
import type { Clock } from "../../shared/clock.ts";

export interface PulsePorts {
  readonly clock: Clock;
  /** Of the socket's end. */
  readonly signal: AbortSignal;
  readonly ping: () => void;
  readonly dead: () => void;
}

const PING_AFTER_MS = 25_000;
const PONG_MS = 10_000;

export class Pulse {
  readonly #ports: PulsePorts;
  #heard = true;
  #checking = false;

  constructor(ports: PulsePorts) {
    this.#ports = ports;
    void this.#watch();
  }

  heard(): void {
    this.#heard = true;
  }

  async check(): Promise<void> {
    const { clock, signal, ping, dead } = this.#ports;
    if (this.#checking || signal.aborted) return;
    this.#checking = true;
    this.#heard = false;
    ping();
    await clock.sleep(PONG_MS, signal);
    this.#checking = false;
    if (!this.#heard && !signal.aborted) dead();
  }

  async #watch(): Promise<void> {
    const { clock, signal } = this.#ports;
    while (!signal.aborted) {
      this.#heard = false;
      await clock.sleep(PING_AFTER_MS, signal);
      if (!this.#heard) await this.check();
    }
  }
}
