/** What is told of a request that was answered: a line, and the counts of its namespace. */
import type { Caller } from "./auth/caller.ts";
import { settingsOf, type Env } from "./env.ts";
import { hexOf } from "../shared/producer-identity.ts";
import { log, setLogLevel, thrownFields, type LogFields } from "./log.ts";
import { WorkerMeter } from "./metrics/worker-meter.ts";
import { systemClock, systemRandom } from "./system-ports.ts";

export interface AnsweredRequest {
  readonly method: string;
  /** The pattern of the address. */
  readonly route: string;
  readonly status: number;
  /** Null: no error. */
  readonly code: string | null;
  /** What it was told to wait, though it was carried out. */
  readonly throttleMs: number;
  readonly startedAtMs: number;
  /** Null: it was not found out. */
  readonly caller: Caller | null;
}

const NOBODYS = "default";
const meters = new Map<string, WorkerMeter>();

/** `background` keeps the isolate for a report that is due. */
export function requestAnswered(env: Env, request: AnsweredRequest, background: (work: Promise<void>) => void): void {
  setLogLevel(env.STRANDLINE_LOG_LEVEL);
  const { method, route, status, code, throttleMs, caller } = request;
  const fields: LogFields = { code, method, route, status, ms: systemClock.now() - request.startedAtMs };
  // What a caller did wrong is his to see; what was not done for one who is served may be somebody's to look at.
  if (status >= 500 && caller !== null) log.warn("request", fields);
  else log.debug("request", fields);
  const meter = meterOf(caller?.namespace ?? NOBODYS);
  meter.answered({ route, status, code, isThrottled: status === 429 || throttleMs > 0 });
  // Who is not served wakes nobody.
  const report = caller === null ? null : meter.due(settingsOf(env).reportMs);
  if (caller === null || report === null) return;
  // All of it: an answer does not depend on what is reported of it.
  const work = async (): Promise<void> =>
    await env.CONTROLLER.get(env.CONTROLLER.idFromName(caller.namespace)).report(report);
  background(work().catch((thrown: unknown) => log.debug("a report was not heard", thrownFields(thrown))));
}

/** A partition's own error within an answer. */
export function partitionRefused(namespace: string, code: string): void {
  meterOf(namespace).refused(code);
}

function meterOf(namespace: string): WorkerMeter {
  const known = meters.get(namespace);
  if (known !== undefined) return known;
  const made = new WorkerMeter(systemClock, hexOf(systemRandom.bytes(8)));
  meters.set(namespace, made);
  return made;
}
