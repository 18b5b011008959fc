/** How often what lives longer than a request asks whether it still may. */
import type { Standing } from "../access/standing.ts";
import type { Clock } from "../../shared/clock.ts";

/** Rules that an isolate holds are asked for again behind the look that finds them old, so two looks see a change. */
const LOOK_MS = 5_000;

/** Until the next look, or the end of the credential. */
export function lookAgainInMs({ expiresAtMs }: Standing, clock: Clock): number {
  return expiresAtMs === null ? LOOK_MS : Math.min(LOOK_MS, Math.max(expiresAtMs - clock.now(), 0));
}
