/** Sends of one producer that wait for company: they go on together, in their order. */
import type { Clock } from "../../shared/clock.ts";
import { PACK_BYTES, type PreparedSend, type StoredRecords } from "./packer.ts";
import { notStored } from "./abort.ts";
import { withOwnBytes } from "./prepare-topic.ts";

interface Lingering {
  readonly send: PreparedSend;
  readonly resolve: (stored: Promise<StoredRecords[]>) => void;
  /** Its signal fired. */
  readonly leave: () => void;
}

export class Linger {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #go: (send: PreparedSend) => Promise<StoredRecords[]>;
  #waiting: Lingering[] = [];
  #bytes = 0;
  #hurried = 0;
  #ending: AbortController | null = null;

  constructor(clock: Clock, ms: number, go: (send: PreparedSend) => Promise<StoredRecords[]>) {
    this.#clock = clock;
    this.#ms = ms;
    this.#go = go;
  }

  send(send: PreparedSend): Promise<StoredRecords[]> {
    if (this.#ms === 0 || this.#hurried > 0) return this.#go(send);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(notStored(send.signal as AbortSignal));
      };
      const waiting = { send: withOwnBytes(send), resolve, leave };
      this.#waiting.push(waiting);
      send.signal?.addEventListener("abort", leave, { once: true });
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
    for (const { send, resolve, leave } of waiting) {
      send.signal?.removeEventListener("abort", leave);
      resolve(this.#go(send));
    }
  }

  /** Ends it, also for sends that come until then: they were made before, and a validator held them back. */
  hurry(until: Promise<unknown>): void {
    this.end();
    this.#hurried += 1;
    void until.finally(() => (this.#hurried -= 1));
  }

  #start(): void {
    const ending = new AbortController();
    this.#ending = ending;
    void this.#clock.sleep(this.#ms, ending.signal).then(() => {
      if (this.#ending === ending) this.end();
    });
  }
}
