/**
 * What a device's tail is at, and what follows from it: a plain value and its rules. Whatever the tail does not bring is
 * fetched, so the worst it can do is to be slow.
 */
import { LIMITS } from "../../shared/limits.ts";

export interface TailState {
  /**
   * `steady`: open for long enough that its end is no failure. `fallen back`: it is not to be had here, it seems (a
   * proxy, a firewall), and is tried again after a while.
   */
  readonly phase: "closed" | "asking ticket" | "connecting" | "open" | "steady" | "fallen back";
  /** In a row. */
  readonly failures: number;
}

export const TAIL_CLOSED: TailState = { phase: "closed", failures: 0 };

const FAILURES_MAX = 3;
const FALLEN_BACK_MS = 60_000;

/** `ended`: the edge has said that its time was over. */
export function afterLoss({ phase, failures }: TailState, ended: boolean): TailState {
  if (ended || phase === "steady") return TAIL_CLOSED;
  const failed = failures + 1;
  return { phase: failed < FAILURES_MAX ? "closed" : "fallen back", failures: failed };
}

/** How long to wait before the next attempt, where `backoffMs` is what a failure costs. */
export function retryInMs(before: TailState, after: TailState, backoffMs: number): number {
  if (after.phase === "fallen back") return FALLEN_BACK_MS;
  return before.phase === "steady" ? 0 : backoffMs;
}

/** Over all subscriptions of the socket: what may be in the worker's memory and not yet in its store. */
const TAIL_BYTES_MAX = LIMITS.tailWindowBytesMax / 2;
const WINDOW_BYTES_MIN = 8_192;
/** The largest window is that part of what is left: there will be others. */
const PARTS_MIN = 8;

/** The window of each of `count` new subscriptions where `heldBytes` are taken. Null: there is no room for so many. */
export function windowBytesFor(count: number, heldBytes: number): number | null {
  const left = TAIL_BYTES_MAX - heldBytes;
  const window = Math.max(WINDOW_BYTES_MIN, Math.floor(left / Math.max(2 * count, PARTS_MIN)));
  return window * count <= left ? window : null;
}
