/** Keeps the lag of a group up to date while somebody looks: for `useLag`. */
import type { Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { Lifecycle } from "../ports.ts";
import type { Admin } from "./admin/admin.ts";
import type { GroupLag, OfCoordinator } from "./admin/group-types.ts";

const INTERVAL_MS = 5_000;
const BACK_OFF_MS_MAX = 60_000;
/** A page that is hidden hears when it is shown. */
const HIDDEN_MS = 86_400_000;

export interface UseLagOptions extends OfCoordinator {
  /** Milliseconds from one question to the next. 5,000 by default. */
  readonly intervalMs?: number;
}

/** What is undefined is as if it were not there. */
type Given<Options> = { readonly [Name in keyof Options]: Options[Name] | undefined };

export interface ShownLag {
  /** The last that was heard; null: nothing yet. */
  readonly lag: GroupLag | null;
  /** How long ago that was, in milliseconds, which goes on while there is no answer; null: nothing was heard yet. */
  readonly ageMs: number | null;
  /** Why the last question was not answered. It is asked again, more and more seldom, a minute apart at most. Null: it was. */
  readonly error: StrandlineError | null;
}

export const NO_LAG: ShownLag = { lag: null, ageMs: null, error: null };

export interface ShownLagPorts {
  readonly admin: () => Pick<Admin, "lag">;
  readonly clock: Clock;
  readonly random: Random;
  readonly lifecycle: Pick<Lifecycle, "onHint" | "onHidden">;
  readonly isVisible: () => boolean;
}

/** Throws `INVALID_ARGUMENT`. */
export function shownLag(
  { admin, clock, random, lifecycle, isVisible }: ShownLagPorts,
  groupId: string,
  { coordinator, intervalMs = INTERVAL_MS }: Given<UseLagOptions>,
): { readonly subscribe: (listener: () => void) => () => void; readonly snapshot: () => ShownLag } {
  checkInterval(intervalMs);
  const of = coordinator === undefined ? {} : { coordinator };
  let shown = NO_LAG;
  let heardAt: number | null = null;
  const subscribe = (listener: () => void): (() => void) => {
    const ending = new AbortController();
    const { signal } = ending;
    const asking = admin();
    let resting = new AbortController();
    let failures = 0;
    /** Intervals that pass without a question. */
    let skips = 0;
    const show = (news: Partial<ShownLag>): void => {
      if (signal.aborted) return;
      shown = { ...shown, ...news, ageMs: heardAt === null ? null : Math.max(0, clock.now() - heardAt) };
      listener();
    };
    const ask = async (): Promise<void> => {
      const { signal: woken } = resting;
      try {
        const lag = await asking.lag(groupId, { ...of, signal });
        heardAt = clock.now();
        failures = 0;
        show({ lag, error: null });
      } catch (error) {
        failures += 1;
        // Those that lost the edge together come back to it one by one.
        if (!woken.aborted) skips = Math.floor(backOff(failures, intervalMs) * (0.5 + random.next() / 2));
        show({ error: asTyped(error) });
      }
    };
    const look = async (): Promise<void> => {
      while (!signal.aborted) {
        resting = new AbortController();
        const visible = isVisible();
        if (visible && skips === 0) await ask();
        else if (visible) {
          skips -= 1;
          show({});
        }
        if (!signal.aborted) await clock.sleep(visible ? intervalMs : HIDDEN_MS, resting.signal);
      }
    };
    /** The page is shown again, or the network is back. */
    const wake = (): void => {
      skips = 0;
      show({});
      resting.abort();
    };
    const stops = [lifecycle.onHint(wake), lifecycle.onHidden(() => resting.abort())];
    void look();
    return () => {
      ending.abort();
      resting.abort();
      stops.forEach((stop) => stop());
    };
  };
  return { subscribe, snapshot: () => shown };
}

/** In intervals. */
function backOff(failures: number, intervalMs: number): number {
  return Math.min(2 ** failures, Math.max(1, BACK_OFF_MS_MAX / intervalMs));
}

function checkInterval(intervalMs: number): void {
  if (Number.isFinite(intervalMs) && intervalMs > 0) return;
  const given = String(intervalMs);
  throw new StrandlineError("INVALID_ARGUMENT", `intervalMs ${given}: milliseconds above 0`, { intervalMs: given });
}

function asTyped(error: unknown): StrandlineError {
  return error instanceof StrandlineError
    ? error
    : new StrandlineError("UNKNOWN_SERVER_ERROR", String(error), {}, error);
}
