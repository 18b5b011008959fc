/** The runs of one answer, to the handlers: partitions side by side, as many as asked for, each in its order. */
import { groupBy } from "../../shared/group-by.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { PolledRun } from "../calls/consumer-calls.ts";
import type { TopicPartition } from "./paused-partitions.ts";
import { deliverRun, type Delivery } from "./run-delivery.ts";

const OVER: ReadonlySet<string> = new Set([
  "ILLEGAL_GENERATION",
  "FENCED_MEMBER_EPOCH",
  "STALE_MEMBER_EPOCH",
  "UNKNOWN_MEMBER_ID",
]);

export class HandlerFailure extends Error {
  readonly at: TopicPartition;

  constructor(cause: unknown, at: TopicPartition) {
    super("a handler failed", { cause });
    this.at = at;
  }
}

/** Throws what the first handler threw, once those beside it have ended. What was not handled is rewound. */
export async function deliverAll(runs: readonly PolledRun[], whole: Delivery): Promise<void> {
  const { book, config, group } = whole;
  let failed = false;
  const delivery: Delivery = { ...whole, isRunning: () => whole.isRunning() && !failed };
  const lines = [...groupBy(runs, ({ topic, partition }) => `${topic}/${partition}`).values()];
  const next = async (): Promise<void> => {
    for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
      let stopped = false;
      for (const run of line) {
        if (group?.holding === true) await group.free();
        stopped ||= !book.wanted(run) || !delivery.isRunning();
        if (stopped) {
          book.rewindUndelivered(run);
          continue;
        }
        group?.began(run);
        try {
          await deliverRun(run, delivery);
        } catch (error) {
          if (isOver(error) && !book.share.counts(run)) continue;
          failed = true;
          throw new HandlerFailure(error, { topic: run.topic, partition: run.partition });
        } finally {
          book.rewind(run);
          group?.ended(run);
          // What comes behind waits with it.
          stopped ||= !book.wanted(run);
          if (failed) for (const later of line.slice(line.indexOf(run) + 1)) book.rewindUndelivered(later);
        }
      }
    }
  };
  const lanes = Math.max(1, Math.min(config.partitionsConsumedConcurrently ?? 1, lines.length));
  const results = await Promise.allSettled(Array.from({ length: lanes }, next));
  for (const run of lines.flat()) book.rewindUndelivered(run);
  const failure = results.find((result) => result.status === "rejected");
  if (failure !== undefined) throw failure.reason;
}

/** A handler heard that its partition is another consumer's by now, and ended with that. */
function isOver(error: unknown): boolean {
  return error instanceof StrandlineError && OVER.has(error.code);
}
