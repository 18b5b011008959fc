/** Sends of one producer that wait for company: they go on together, in their order. */
import type { Clock } from "../../shared/clock.ts";
import { PACK_BYTES, type PreparedSend, type StoredRecords } from "./packer.ts";
import { aborted } from "./abort.ts";

interface Lingering {
  readonly send: PreparedSend;
  readonly resolve: (stored: Promise<StoredRecords[]>) => void;
}

export class Linger {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #go: (send: PreparedSend) => Promise<StoredRecords[]>;
  #waiting: Lingering[] = [];
  #bytes = 0;
  #ending: AbortController | null = null;

  constructor(clock: Clock, ms: number, go: (send: PreparedSend) => Promise<StoredRecords[]>) {
    this.#clock = clock;
    this.#ms = ms;
    this.#go = go;
  }

  send(send: PreparedSend): Promise<StoredRecords[]> {
    if (this.#ms === 0) return this.#go(send);
    return new Promise((resolve, reject) => {
      const waiting = { send, resolve };
      this.#waiting.push(waiting);
      send.signal?.addEventListener(
        "abort",
        () => {
          const index = this.#waiting.indexOf(waiting);
          if (index < 0) return;
          this.#waiting.splice(index, 1);
          reject(aborted("nothing was stored", send.signal as AbortSignal, { stored: false }));
        },
        { once: true },
      );
      this.#bytes += send.topics.reduce(
        (sum, topic) => sum + topic.records.reduce((bytes, record) => bytes + record.bytesMax, 0),
        0,
      );
      if (this.#bytes >= PACK_BYTES) this.end();
      else if (this.#ending === null) this.#start();
    });
  }

  /** What waits goes on now. */
  end(): void {
    this.#ending?.abort();
    this.#ending = null;
    this.#bytes = 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { send, resolve } of waiting) resolve(this.#go(send));
  }

  #start(): void {
    const ending = new AbortController();
    this.#ending = ending;
    void this.#clock.sleep(this.#ms, ending.signal).then(() => {
      if (this.#ending === ending) this.end();
    });
  }
}
