/** Faults drawn from a seed, each counted when it acts: a simulation in which one never fired proves nothing of it. */
import { valuesOf } from "../client/log/log-fixture.ts";
import type { MemoryPartition } from "./memory-partition.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { TailFault } from "./simulated-tail.ts";
import type { Disturbance, SeenRequest } from "./simulated-network.ts";

export const FAULTS = [
  "drop request",
  "drop answer",
  "drop silently",
  "delay request",
  "delay answer",
  "duplicate",
  "garbage",
  "damaged fetch",
  "storage before",
  "storage after",
  "refusal",
  "refusal vanished",
  "offline",
  "store copied",
  "store rolled back",
  "device reopened",
  "two tabs",
  "store failed",
  "clock jumped",
  "producers forgotten",
  "tail refused",
  "tail cut",
  "tail silent",
  "tail damaged",
  "tab frozen",
] as const;
export type FaultName = (typeof FAULTS)[number];

const LATE_MS = 8_000;
const DELAY_MS = 2_500;

export class Faults {
  readonly fired = new Map<FaultName, number>();
  readonly #random: SeededRandom;
  /** In [0, 1]: how much of it goes wrong. */
  intensity = 1;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  count(name: FaultName): void {
    this.fired.set(name, (this.fired.get(name) ?? 0) + 1);
  }

  disturb({ operation }: SeenRequest): Disturbance | null {
    if (!this.#happens(0.45)) return null;
    const random = this.#random;
    switch (random.below(8)) {
      case 0:
        return this.#as("drop request", { drop: "request" });
      case 1:
        return this.#as("drop answer", { drop: "answer" });
      case 2:
        return this.#as("drop silently", { drop: random.chance(0.5) ? "request" : "answer", silent: true });
      case 3:
        return this.#as("delay request", { requestDelayMs: random.below(DELAY_MS) });
      case 4:
        return this.#as("delay answer", { answerDelayMs: random.below(DELAY_MS) });
      case 5:
        return this.#as("duplicate", { againAfterMs: [random.below(LATE_MS), random.below(LATE_MS)] });
      case 6:
        return this.#as("garbage", { answer: this.#garbage() });
      default:
        return operation === "fetch" ? this.#as("damaged fetch", { change: damaged }) : null;
    }
  }

  disturbTail(at: "open" | "frame"): TailFault | null {
    if (!this.#happens(at === "open" ? 0.3 : 0.04)) return null;
    const fault = this.#random.pick(["cut", "silent", "damage"] as const);
    if (at === "open") {
      this.count("tail refused");
      return fault === "damage" ? "cut" : fault;
    }
    this.count(({ cut: "tail cut", silent: "tail silent", damage: "tail damaged" } as const)[fault]);
    return fault;
  }

  /** Refuses some values for as long as the faults last; asked again, the reason may have vanished. */
  attach(partition: MemoryPartition): void {
    partition.storageFault = () => {
      if (!this.#happens(0.1)) return null;
      const fault = this.#random.chance(0.5) ? "before" : "after";
      this.count(`storage ${fault}`);
      return fault;
    };
    partition.refuse = (batch) => {
      if (!valuesOf(batch).includes("!")) return null;
      if (this.#happens(0.75)) {
        this.count("refusal");
        return "MESSAGE_TOO_LARGE";
      }
      this.count("refusal vanished");
      return null;
    };
  }

  #happens(probability: number): boolean {
    return this.#random.chance(probability * this.intensity);
  }

  #as(name: FaultName, disturbance: Disturbance): Disturbance {
    this.count(name);
    return disturbance;
  }

  #garbage(): { readonly status: number; readonly body: Uint8Array<ArrayBuffer> } {
    const status = this.#random.pick([200, 429, 500, 502, 503]);
    const text = this.#random.pick(["", "<html></html>", "{}", '{"error":{"code":"NONSENSE"}}', '{"partitions":[{}]}']);
    return { status, body: new TextEncoder().encode(text) };
  }
}

function damaged({ status, body }: { readonly status: number; readonly body: Uint8Array<ArrayBuffer> }): {
  readonly status: number;
  readonly body: Uint8Array<ArrayBuffer>;
} {
  const bytes = body.slice();
  bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 0x10;
  return { status, body: bytes };
}
