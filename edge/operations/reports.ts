/** Reports of a stream of records: written as they come, held for their reader up to a bound. */
import type { Clock } from "../../shared/clock.ts";
import { LIMITS } from "../../shared/limits.ts";

const utf8 = new TextEncoder();

export class Reports {
  readonly readable: ReadableStream<Uint8Array>;
  readonly #clock: Clock;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  /** The reader went away: what is reported is reported to nobody. */
  #isGone = false;
  #read: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#read(),
        cancel: () => {
          this.#isGone = true;
          this.#read();
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: LIMITS.reportsBytesMax }),
    );
  }

  /** Resolves once there is room for more; false: nobody has read for too long. */
  async put(text: string): Promise<boolean> {
    this.#enqueue(text);
    if (this.#hasRoom()) return true;
    const waiting = new AbortController();
    const read = new Promise<void>((resolve) => {
      this.#read = resolve;
    });
    await Promise.race([read, this.#clock.sleep(LIMITS.reportsWaitMsMax, waiting.signal)]);
    waiting.abort();
    return this.#hasRoom();
  }

  last(text: string): void {
    this.#enqueue(text);
  }

  close(): void {
    if (!this.#isGone) this.#controller?.close();
    this.#isGone = true;
  }

  #hasRoom(): boolean {
    return this.#isGone || (this.#controller?.desiredSize ?? 0) > 0;
  }

  #enqueue(text: string): void {
    if (!this.#isGone && text !== "") this.#controller?.enqueue(utf8.encode(text));
  }
}
