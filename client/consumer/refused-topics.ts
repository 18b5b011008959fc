/** Which of a consumer's topics the edge refuses for good. Of several the others are read on; of none that may be read it ends. */
import { StrandlineError, type ErrorBody } from "../../shared/strandline-error.ts";
import type { ConsumerOptions } from "../calls/consumer-calls.ts";

export class RefusedTopics {
  readonly #options: ConsumerOptions;
  readonly #errors = new Map<string, ErrorBody>();

  constructor(options: ConsumerOptions) {
    this.#options = options;
  }

  /** False: that is known of it. */
  note(topic: string, error: ErrorBody): boolean {
    if (this.#errors.get(topic)?.code === error.code) return false;
    this.#errors.set(topic, error);
    return true;
  }

  /** The edge has brought something of it. */
  readable(topic: string): void {
    this.#errors.delete(topic);
  }

  /** Throws where nothing is left to read: a pattern may match another topic yet, and what the device itself has sent is its own to see. */
  demandAny(): void {
    const { topics, patterns, isolation } = this.#options;
    if (patterns.length > 0 || isolation === "local") return;
    const errors = topics.map(({ name }) => this.#errors.get(name));
    const [first] = errors;
    if (first !== undefined && !errors.includes(undefined)) throw StrandlineError.fromBody(first);
  }
}
