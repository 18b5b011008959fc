/**
 * How far a group is behind, judged as Burrow does: by its last commits and by where the log ends now. Pure.
 *
 * Nothing to handle is `OK`. `STOPPED`: no commit for longer than the window (the time that its commits span, a minute at
 * least), while records waited for as long; an idle group to which one comes is none. The rest is said of two commits or
 * more: `OK` where the lag was nothing at any of them, or has shrunk between any two; `STALLED` where the offset stands
 * still; `WARNING` where it moves and the lag has grown all the same; else `OK`.
 */
import type { LagStatus } from "../../shared/api/groups.ts";
import type { GroupRow, GroupSurroundings, LagSample } from "./group-row.ts";
import { lagAt } from "./group-row.ts";

const WINDOW_MS_MIN = 60_000;

export interface LagQuestion extends GroupSurroundings {
  /** Null: the group has never been here. */
  readonly row: GroupRow | null;
  /** When the first record that is not handled was appended; null: there is none. */
  readonly waitingSince: number | null;
}

export interface JudgedLag {
  readonly lag: number;
  /** Records a second, over the window. */
  readonly rate: number | null;
  readonly timeLagMs: number;
  readonly status: LagStatus;
  /** From when on it is `STOPPED` if nothing happens; null: not as things are. */
  readonly stopsAt: number | null;
}

/** The first offset that is still to be handled. */
export function positionOf(row: GroupRow | null, logStartOffset: number): number {
  return Math.max(row?.committed?.offset ?? 0, logStartOffset);
}

export function judgeLag(question: LagQuestion): JudgedLag {
  const { row, now, waitingSince, logStartOffset } = question;
  const window = row?.window ?? [];
  const lag = lagAt(positionOf(row, logStartOffset), question);
  const stopsAt = lag === 0 ? null : stopTime(question, window);
  return {
    lag,
    rate: rateOf(window),
    timeLagMs: lag === 0 || waitingSince === null ? 0 : Math.max(0, now - waitingSince),
    status: lag === 0 ? "OK" : stopsAt !== null && now > stopsAt ? "STOPPED" : movement(window, lag),
    stopsAt,
  };
}

/** A time that a clock which was set back has left in the future says nothing. */
function stopTime({ row, now, waitingSince }: LagQuestion, window: readonly LagSample[]): number | null {
  const since = [row?.fencedAt, window.at(-1)?.at, waitingSince].filter((at) => typeof at === "number" && at <= now);
  return since.length === 0 ? null : Math.max(...(since as number[])) + Math.max(spanOf(window), WINDOW_MS_MIN);
}

function movement(window: readonly LagSample[], lag: number): LagStatus {
  const [first] = window;
  const lags = [...window.map((sample) => sample.lag), lag];
  if (first === undefined || window.length < 2 || lags.includes(0)) return "OK";
  if (lags.some((one, index) => one < (lags[index - 1] ?? 0))) return "OK";
  if (window.every(({ offset }) => offset === first.offset)) return "STALLED";
  return lag > first.lag ? "WARNING" : "OK";
}

function rateOf(window: readonly LagSample[]): number | null {
  const spanMs = spanOf(window);
  return spanMs === 0 ? null : (((window.at(-1)?.offset ?? 0) - (window[0]?.offset ?? 0)) * 1_000) / spanMs;
}

function spanOf(window: readonly LagSample[]): number {
  return (window.at(-1)?.at ?? 0) - (window[0]?.at ?? 0);
}
