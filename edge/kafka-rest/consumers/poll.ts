/**
 * A poll: commit what the one before told, be heard of by the group, read, write down how far that is, and tell it. What
 * cannot be written down, since another call came in between, was not told, and is read again.
 */
import { LIMITS } from "../../../shared/limits.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import { waitForAny } from "../../operations/fetch.ts";
import type { ConsumerRead, ConsumerState } from "../../rest-consumer/consumer-calls.ts";
import type { FetchedRecord } from "../fetched.ts";
import { autoCommitted } from "./commits.ts";
import { crowded, illegalState, type Instance } from "./instance.ts";
import { heard } from "./membership.ts";
import { positioned } from "./positions.ts";
import { readHeld, type Reading } from "./reading.ts";

export interface PollQuery {
  /** Null: not stated. */
  readonly timeoutMs: number | null;
  readonly maxBytes: number;
}

interface Polling extends PollQuery {
  /** Edge time. */
  until: number;
  /** Of its waits: the next one replaces those that are left of the one before. */
  readonly sessionId: string;
  calls: number;
}

/** `again`: after a wait, or further on in the log. `anew`: what it stood on is another by now. */
type Round = readonly FetchedRecord[] | "again" | "anew";

const DEFAULT_WAIT_MS = 1_000;
/** While it has nothing the group may give it something at any time. */
const LOOK_MS = 1_000;
const ANEW_MAX = 8;
/** Cloudflare bounds the calls of one request: a poll that has made so many to partitions ends early, with nothing. */
const CALLS_MAX = 600;

/** `demand`: throws where the caller does not take what this consumer tells. */
export async function poll(
  instance: Instance,
  query: PollQuery,
  demand: (state: ConsumerState) => void,
): Promise<readonly FetchedRecord[]> {
  const { clock, quota } = instance.ports;
  quota.admit("consumer_byte_rate");
  let polling: Polling | null = null;
  for (let anew = 0; anew <= ANEW_MAX;) {
    const read = await instance.read(true);
    demand(read.state);
    polling ??= {
      ...query,
      until: clock.now() + waitMsOf(query, read.state),
      sessionId: instance.ports.newSessionId(),
      calls: 0,
    };
    const round = await pollOnce(instance, read, polling);
    if (typeof round !== "string") return round;
    anew = round === "anew" ? anew + 1 : 0;
  }
  throw crowded();
}

function waitMsOf({ timeoutMs }: PollQuery, { config }: ConsumerState): number {
  const most = Math.min(config.requestTimeoutMs ?? LIMITS.fetchWaitMsMax, LIMITS.fetchWaitMsMax);
  return Math.min(timeoutMs ?? config.requestTimeoutMs ?? DEFAULT_WAIT_MS, most);
}

async function pollOnce(instance: Instance, read: ConsumerRead, polling: Polling): Promise<Round> {
  if (read.state.subscription === null && !read.state.isAssigned)
    throw illegalState("it is neither subscribed nor assigned anything");
  const told = await heard(instance, await autoCommitted(instance, read));
  if (told.letsGo) {
    await instance.write(read, told.state);
    return "anew";
  }
  const { state, error } = await positioned(instance, told.state);
  const reading = await readHeld(instance.ports, state, polling);
  if (reading.state !== read.state && !(await instance.write(read, reading.state))) return "anew";
  if (reading.records.length > 0) return reading.records;
  const failed = reading.error ?? error;
  if (failed !== null) throw StrandlineError.fromBody(failed);
  if (reading.hasMoved) return "again";
  const leftMs = polling.until - instance.ports.clock.now();
  polling.calls += 2 * reading.parts.length;
  if (leftMs <= 0 || polling.calls > CALLS_MAX) {
    if (!reading.isHeldBack) return [];
    // Less than `fetch.min.bytes` is told once there is no more time to wait.
    polling.until = 0;
    return "again";
  }
  await waiting(instance, reading, { sessionId: polling.sessionId, leftMs: Math.min(leftMs, told.nextBeatMs) });
  return "again";
}

async function waiting(
  { ports }: Instance,
  { request, parts, isAll, missingBytes }: Reading,
  { sessionId, leftMs }: { readonly sessionId: string; readonly leftMs: number },
): Promise<void> {
  const lookMs = Math.min(leftMs, LOOK_MS);
  if (parts.length === 0) {
    await ports.clock.sleep(lookMs);
    return;
  }
  const bytesMin = Math.max(1, Math.ceil(missingBytes / parts.length));
  const waitMs = isAll ? leftMs : lookMs;
  const ended = await waitForAny(ports, request, parts, { sessionId, bytesMin, waitMs });
  // One that broke would break again at once.
  if (ended === "replaced") await ports.clock.sleep(lookMs);
}
