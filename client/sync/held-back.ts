/**
 * Partitions of which the edge tells an error: each is left out of what is asked for a while, longer each time, and the
 * others do not wait for it. Rights are given by topic, so what is refused for good holds all partitions of its topic.
 */
import type { Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import type { StrandlineError } from "../../shared/strandline-error.ts";
import type { PartitionRef } from "../log/device-log.ts";
import { Backoff, type RetryPolicy } from "./backoff.ts";
import { nameOf, type Followed } from "./followed.ts";
import { Hold } from "./hold.ts";

export interface HeldBackPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly retry: RetryPolicy;
  /** The edge refuses a topic for good: the very same request will not succeed while rights are as they are. */
  readonly refused: (topic: string, error: StrandlineError) => void;
}

interface Held {
  readonly hold: Hold;
  readonly backoff: Backoff;
  /** Of its last failure. */
  turn: number;
}

export class HeldBack {
  readonly #ports: HeldBackPorts;
  readonly #ended: () => void;
  /** By the partition's name, or the topic's key. */
  readonly #held = new Map<string, Held>();
  readonly #told = new Set<string>();
  #turn = 0;

  /** `ended` is called whenever something may be asked for again. */
  constructor(ports: HeldBackPorts, ended: () => void) {
    this.#ports = ports;
    this.#ended = ended;
  }

  /** A request begins. */
  begin(): void {
    this.#turn += 1;
    this.#told.clear();
  }

  has(ref: PartitionRef): boolean {
    return keysOf(ref).some((key) => this.#held.get(key)?.hold.active === true);
  }

  failed({ ref, topic }: Pick<Followed, "ref" | "topic">, error: StrandlineError): void {
    const refused = isRefusal(error);
    const key = refused ? topicOf(ref) : nameOf(ref);
    const held = this.#held.get(key) ?? this.#add(key);
    held.turn = this.#turn;
    if (!held.hold.active) held.hold.after(error, held.backoff.nextDelayMs());
    if (refused) this.refused(topic, error);
  }

  /** Told once for each request, however many partitions it names. Of what can succeed unchanged nothing is told. */
  refused(topic: string, error: StrandlineError): void {
    if (!isRefusal(error) || this.#told.has(topic)) return;
    this.#told.add(topic);
    this.#ports.refused(topic, error);
  }

  /** The request has brought these, but for those that failed with it. */
  done(refs: readonly PartitionRef[]): void {
    for (const key of refs.flatMap(keysOf)) {
      const held = this.#held.get(key);
      if (held !== undefined && held.turn !== this.#turn && !held.hold.active) this.#held.delete(key);
    }
  }

  /** The network, or what the principal may do, may be another. */
  hint(): void {
    for (const { hold } of this.#held.values()) hold.end();
  }

  #add(key: string): Held {
    const { clock, retry, random } = this.#ports;
    const held = { hold: new Hold(clock, this.#ended), backoff: new Backoff(retry, random), turn: this.#turn };
    this.#held.set(key, held);
    return held;
  }
}

/** What was damaged on its way may come whole the next time. */
function isRefusal({ retriable, code }: StrandlineError): boolean {
  return !retriable && code !== "CORRUPT_MESSAGE";
}

function keysOf(ref: PartitionRef): string[] {
  return [nameOf(ref), topicOf(ref)];
}

/** No partition's name. */
function topicOf({ topicKey }: PartitionRef): string {
  return String(topicKey);
}
