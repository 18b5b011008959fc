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
  readonly until: number;
}

type Round = readonly FetchedRecord[] | "again" | "crowded";

const DEFAULT_WAIT_MS = 1_000;
/** While it has nothing the group may give it something at any time. */
const LOOK_MS = 1_000;
const CROWDED_MAX = 8;

/** `demand`: throws where the caller does not take what this consumer tells. */
export async function poll(
  instance: Instance,
  query: PollQuery,
  demand: (state: ConsumerState) => void,
): Promise<readonly FetchedRecord[]> {
  const { clock, quota } = instance.ports;
  quota.admit("consumer_byte_rate");
  let polling: Polling | null = null;
  for (let crowds = 0; crowds <= CROWDED_MAX;) {
    const read = await instance.read(true);
    demand(read.state);
    polling ??= { ...query, until: clock.now() + waitMsOf(query, read.state) };
    const round = await pollOnce(instance, read, polling);
    if (typeof round !== "string") return round;
    if (round === "crowded") crowds += 1;
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
  if (told.letsGo) return (await instance.write(read, told.state)) ? "again" : "crowded";
  const { state, error } = await positioned(instance, told.state);
  const reading = await readHeld(instance.ports, state, polling);
  const isDone = reading.records.length > 0;
  if (reading.state !== read.state && !(await instance.write(read, reading.state))) return "crowded";
  if (isDone) return reading.records;
  const failed = reading.error ?? error;
  if (failed !== null) throw StrandlineError.fromBody(failed);
  if (reading.hasMoved) return "again";
  const leftMs = polling.until - instance.ports.clock.now();
  if (leftMs <= 0) return [];
  await waiting(instance, reading, Math.min(leftMs, told.nextBeatMs));
  return "again";
}

async function waiting(
  { ports }: Instance,
  { request, parts, isAll, missingBytes }: Reading,
  leftMs: number,
): Promise<void> {
  const waitMs = isAll && parts.length > 0 ? leftMs : Math.min(leftMs, LOOK_MS);
  if (parts.length === 0) {
    await ports.clock.sleep(waitMs);
    return;
  }
  const bytesMin = Math.max(1, Math.ceil(missingBytes / parts.length));
  const ended = await waitForAny(ports, request, parts, { sessionId: ports.newSessionId(), bytesMin, waitMs });
  // One that broke would break again at once.
  if (ended === "replaced") await ports.clock.sleep(Math.min(leftMs, LOOK_MS));
}
