/** One connection through the proxy: requests pass at once, answers pass or wait, in order. */
import { connect, type Socket } from "node:net";
import { answerBody, HttpFraming, requestBody, statusOf, type BodyLength, type MessageHead } from "./http-framing.ts";

export interface ProxiedAnswer {
  readonly connection: number;
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

/** Decides on an answer's head, before any of its bytes pass. `ordinal` counts from 1, from when the rule was set. */
export type HoldRule = (answer: ProxiedAnswer, ordinal: number) => boolean;

export interface ConnectionCounters {
  readonly id: number;
  readonly open: boolean;
  readonly upgraded: boolean;
  /** Requests whose last byte was handed to the broker. */
  readonly requestsForwarded: number;
  readonly answersPassed: number;
  /** Held back; or, on a connection that has ended, lost. */
  readonly answersHeld: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

interface Asked {
  readonly method: string;
  readonly path: string;
}

export class ProxiedConnection {
  readonly #id: number;
  readonly #browser: Socket;
  readonly #broker: Socket;
  readonly #mustHold: (answer: ProxiedAnswer) => boolean;
  readonly #mustRefuse: () => boolean;
  readonly #unanswered: Asked[] = [];
  /** Not empty: an answer is held, and every byte behind it waits here too. */
  readonly #heldBytes: Uint8Array[] = [];
  readonly #held: ProxiedAnswer[] = [];
  #isHolding = false;
  #brokerEnded = false;
  #open = true;
  #upgraded = false;
  #requestsForwarded = 0;
  #answersPassed = 0;
  #bytesUp = 0;
  #bytesDown = 0;

  constructor(options: {
    readonly id: number;
    readonly socket: Socket;
    readonly upstreamPort: number;
    readonly mustHold: (answer: ProxiedAnswer) => boolean;
    /** Asked for each upgrade. */
    readonly mustRefuse: () => boolean;
  }) {
    this.#id = options.id;
    this.#browser = options.socket;
    this.#mustHold = options.mustHold;
    this.#mustRefuse = options.mustRefuse;
    this.#broker = connect({ port: options.upstreamPort, host: "127.0.0.1", noDelay: true });
    this.#wireUp();
    this.#wireDown();
  }

  counters(): ConnectionCounters {
    return {
      id: this.#id,
      open: this.#open,
      upgraded: this.#upgraded,
      requestsForwarded: this.#requestsForwarded,
      answersPassed: this.#answersPassed,
      answersHeld: this.#held.length,
      bytesUp: this.#bytesUp,
      bytesDown: this.#bytesDown,
    };
  }

  held(): readonly ProxiedAnswer[] {
    return this.#open ? [...this.#held] : [];
  }

  release(): void {
    if (!this.#open) return;
    this.#isHolding = false;
    for (const bytes of this.#heldBytes.splice(0)) this.#down(bytes);
    this.#answersPassed += this.#held.splice(0).length;
    if (this.#brokerEnded) this.#browser.end();
  }

  reset(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#browser.resetAndDestroy();
    this.#broker.resetAndDestroy();
  }

  #wireUp(): void {
    const framing = new HttpFraming({
      head: (head) => this.#requestHead(head),
      bytes: (bytes) => {
        if (!this.#open) return;
        this.#bytesUp += bytes.length;
        if (!this.#broker.write(bytes)) this.#browser.pause();
      },
      end: () => (this.#requestsForwarded += 1),
    });
    this.#broker.on("drain", () => this.#browser.resume());
    this.#browser.on("data", (bytes) => framing.push(bytes));
    this.#browser.on("end", () => this.#broker.end());
    this.#browser.on("error", () => this.reset());
    this.#browser.on("close", () => this.#ended());
  }

  #wireDown(): void {
    const framing = new HttpFraming({
      head: (head) => this.#answerHead(head),
      bytes: (bytes) => {
        if (this.#isHolding) this.#heldBytes.push(Uint8Array.from(bytes));
        else this.#down(bytes);
      },
      end: () => undefined,
    });
    this.#browser.on("drain", () => this.#broker.resume());
    this.#broker.on("data", (bytes) => framing.push(bytes));
    this.#broker.on("end", () => {
      this.#brokerEnded = true;
      if (!this.#isHolding) this.#browser.end();
    });
    this.#broker.on("error", () => this.reset());
  }

  #requestHead(head: MessageHead): BodyLength {
    const [method = "", path = ""] = head.startLine.split(" ");
    this.#unanswered.push({ method, path });
    if (head.headers.get("upgrade") === undefined) return requestBody(head);
    if (this.#mustRefuse()) {
      this.reset();
      return "until-close";
    }
    this.#requestsForwarded += 1;
    return "until-close";
  }

  #answerHead(head: MessageHead): BodyLength {
    const status = statusOf(head);
    // 100-199 but 101 announce the real answer, which is still to come.
    const isFinal = status >= 200 || status === 101;
    const asked = (isFinal ? this.#unanswered.shift() : this.#unanswered[0]) ?? { method: "", path: "" };
    if (status === 101) this.#upgraded = true;
    if (isFinal) this.#admit({ connection: this.#id, ...asked, status });
    return answerBody(head, asked.method);
  }

  #admit(answer: ProxiedAnswer): void {
    const hold = this.#mustHold(answer);
    if (hold) this.#isHolding = true;
    if (this.#isHolding) this.#held.push(answer);
    else this.#answersPassed += 1;
  }

  #down(bytes: Uint8Array): void {
    this.#bytesDown += bytes.length;
    if (!this.#browser.write(bytes)) this.#broker.pause();
  }

  #ended(): void {
    this.#open = false;
    this.#broker.destroy();
  }
}
