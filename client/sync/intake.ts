/**
 * What the edge tells of a partition, checked and made into runs: the same for a fetch, for the tail, and for who stores
 * nothing. Where the log and what a reader holds do not fit, that is told, never silent.
 */
import type { FetchPartitionAnswer } from "../../shared/api/fetch.ts";
import type { Offset } from "../../shared/brands.ts";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { FetchedRun, PartitionRef } from "../log/device-log.ts";
import type { EdgeClient } from "./edge-client.ts";
import { checkFetched, type CheckedRun } from "./fetched-run.ts";
import { askFor, type Followed } from "./followed.ts";

export interface IntakePorts {
  readonly edge: EdgeClient;
  readonly sessionId: string;
  /** The log no longer holds what was read before `offset`. */
  readonly truncated: (ref: PartitionRef, topic: string, offset: Offset) => void;
  /** Of the log `[offset, nextOffset)` is damaged at the edge, and was left out. */
  readonly damaged: (
    ref: PartitionRef,
    topic: string,
    range: { readonly offset: Offset; readonly nextOffset: Offset },
  ) => void;
  /** The edge knows the id no more. */
  readonly unknown: (topic: string) => void;
  /** Of one partition; the others of the answer are as they should be. */
  readonly failed: (one: Followed, error: StrandlineError) => void;
  /** An answer came, whatever it says. The edge may ask for a pause with it. */
  readonly answered: (throttleTimeMs: number) => void;
}

export interface Pull {
  readonly maxWaitMs: number;
  /** Of the answer, but for the first batch. */
  readonly maxBytes?: number;
  readonly signal: AbortSignal;
}

export type Told = Pick<
  FetchPartitionAnswer,
  "error" | "leaderEpoch" | "logStartOffset" | "highWatermark" | "nextOffset"
>;

const NOTHING = new Uint8Array();
/** Small answers come sooner, and a row of the edge is at most one of them. */
const FETCH_BYTES = LIMITS.fetchBytesMax / 2;

export class Intake {
  readonly #ports: IntakePorts;

  constructor(ports: IntakePorts) {
    this.#ports = ports;
  }

  /** One `POST /v1/fetch` for all of them, which waits as one. */
  async pull(asked: readonly Followed[], { maxWaitMs, maxBytes = FETCH_BYTES, signal }: Pull): Promise<FetchedRun[]> {
    const { edge, sessionId, answered } = this.#ports;
    const partitions = asked.map((one) => askFor(one, maxBytes));
    const request = { sessionId, maxWaitMs, minBytes: 1, maxBytes, partitions };
    const { head, payloads } = await edge.fetch(request, signal);
    answered(head.throttleTimeMs);
    return asked.flatMap((one, index) => {
      const told = head.partitions[index];
      const bytes = payloads[index];
      return told === undefined || bytes === undefined ? [] : this.take(one, told, bytes);
    });
  }

  /** What is damaged on its way is told and left out, with all behind it. */
  take(one: Followed, told: Told, bytes: Uint8Array): FetchedRun[] {
    if (told.error !== null) return this.#misfit(one, told);
    const { ref, from } = one;
    const { run, damage } = checkFetched(bytes, from);
    if (damage !== null) {
      const said = `${one.topic}-${ref.partition}: ${damage.reason}`;
      this.#ports.failed(one, new StrandlineError("CORRUPT_MESSAGE", said, { position: damage.position }));
    }
    const whole = damage === null ? wholeRun(run, told.nextOffset) : run;
    return [{ ref, from, restart: false, ...whole, ...boundsOf(told) }];
  }

  /** The log and the reader do not fit: it goes on where the log does. */
  #misfit(one: Followed, told: Told): FetchedRun[] {
    const { error } = told;
    const { ref, topic } = one;
    if (error === null) return [];
    if (error.code === "TRUNCATED" || error.code === "OFFSET_OUT_OF_RANGE") {
      const { divergence } = error as { readonly divergence?: unknown };
      const diverged = error.code === "TRUNCATED" && typeof divergence === "number";
      const firstOffset = (diverged ? divergence : told.logStartOffset) as Offset;
      this.#ports.truncated(ref, topic, firstOffset);
      return [{ ref, restart: true, ...emptyRun(firstOffset, firstOffset), ...boundsOf(told) }];
    }
    const damaged = this.#damagedAtRest(one, told);
    if (damaged !== null) return [damaged];
    this.#ports.failed(one, StrandlineError.fromBody(error));
    if (error.code === "UNKNOWN_TOPIC_ID") this.#ports.unknown(topic);
    return [];
  }

  /** The edge has found its own copy damaged. That is told, and what stands behind it is read on. */
  #damagedAtRest({ ref, topic, from }: Followed, told: Told): FetchedRun | null {
    if (told.error?.code !== "CORRUPT_MESSAGE" || told.nextOffset <= from) return null;
    const nextOffset = told.nextOffset as Offset;
    this.#ports.damaged(ref, topic, { offset: from, nextOffset });
    return { ref, restart: false, ...emptyRun(from, nextOffset), ...boundsOf(told) };
  }
}

function emptyRun(from: Offset, nextOffset: Offset): CheckedRun["run"] & { readonly from: Offset } {
  return { from, bytes: NOTHING, firstOffset: from, nextOffset, lastCrc: null };
}

/** Behind the batches the log may go on where compaction has left nothing. */
function wholeRun(run: CheckedRun["run"], told: number): CheckedRun["run"] {
  if (told <= run.nextOffset) return run;
  return { ...run, nextOffset: told as Offset, lastCrc: null };
}

function boundsOf(told: Told): Pick<FetchedRun, "highWatermark" | "logStartOffset" | "leaderEpoch"> {
  return {
    highWatermark: told.highWatermark as Offset,
    logStartOffset: told.logStartOffset as Offset,
    leaderEpoch: told.leaderEpoch,
  };
}
