import type { Quotas } from "../../shared/api/quotas.ts";
import type { Clock } from "../../shared/clock.ts";
import { PrincipalMeter } from "./principal-meter.ts";

/** Above this, those that owe nothing and hold nothing are forgotten. */
const METERS_MAX = 10_000;

/** Of one isolate: everybody who has a quota and has called. */
export class PrincipalMeters {
  readonly #clock: Clock;
  readonly #metersMax: number;
  readonly #meters = new Map<string, PrincipalMeter>();

  constructor(clock: Clock, metersMax: number = METERS_MAX) {
    this.#clock = clock;
    this.#metersMax = metersMax;
  }

  get size(): number {
    return this.#meters.size;
  }

  meterOf(
    { namespace, principal }: { readonly namespace: string; readonly principal: string },
    quotas: Quotas,
  ): PrincipalMeter {
    const key = JSON.stringify([namespace, principal]);
    const known = this.#meters.get(key);
    if (known !== undefined) {
      known.quotas = quotas;
      return known;
    }
    if (this.#meters.size >= this.#metersMax) this.#forgetIdle();
    const made = new PrincipalMeter(this.#clock, quotas);
    this.#meters.set(key, made);
    return made;
  }

  #forgetIdle(): void {
    for (const [key, meter] of this.#meters) if (meter.isIdle()) this.#meters.delete(key);
  }
}
