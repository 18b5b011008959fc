/** One read of one partition: what is committed, and behind it, where it is asked for, the device's own records. */
import type { ConsumerNews, PolledRun } from "../calls/consumer-calls.ts";
import type { Replica } from "../log/device-log.ts";
import type { OwnRecords } from "../log/own-log.ts";
import { identitiesOf, noteIdentity, type AssignedPartition } from "./assigned-partition.ts";
import { exactBuffer } from "./exact-buffer.ts";

export interface ReaderDeps {
  readonly replica: Replica;
  /** Null: committed records alone. */
  readonly own: OwnRecords | null;
  readonly onNews: (news: ConsumerNews) => void;
  /** Its members mean to miss nothing: what the device dropped before any of them had it is told. */
  readonly inGroup: boolean;
}

export async function readPartition(
  assigned: AssignedPartition,
  bytesMax: number,
  deps: ReaderDeps,
): Promise<PolledRun | null> {
  if (!assigned.mayHaveMore) return null;
  // Before the read: news that come during it must not be lost.
  assigned.mayHaveMore = false;
  try {
    const committed = assigned.position === null ? null : await readCommitted(assigned, bytesMax, deps);
    if (committed !== null || assigned.localSequence === null || deps.own === null) return committed;
    return await readOwn(assigned, bytesMax, deps.own);
  } catch (error) {
    assigned.mayHaveMore = true;
    throw error;
  }
}

async function readCommitted(
  assigned: AssignedPartition,
  bytesMax: number,
  deps: ReaderDeps,
): Promise<PolledRun | null> {
  const { position: from, seeks, ref, topic, source } = assigned;
  if (from === null) return null;
  const result = await source.read(ref, from, bytesMax);
  if (assigned.seeks !== seeks) return null;
  const { runs, nextOffset: to, highWatermark, heldFrom, replicatedTo, cutTo = replicatedTo } = result;
  const end = cutTo > replicatedTo ? cutTo : replicatedTo;
  if (heldFrom > from) {
    // Who asked for the beginning has it; but for a group, what the edge still holds is no part of that.
    const asked = !assigned.reached && "at" in assigned.start && assigned.start.at === "earliest";
    const missed = deps.inGroup && heldFrom > Math.max(from, result.logStartOffset);
    reset(assigned, heldFrom, asked && !missed ? null : deps.onNews);
  } else if (assigned.reached && end < from) reset(assigned, end, deps.onNews);
  if (to <= from || assigned.position !== from) return null;
  const own = await ownOf(assigned, deps);
  if (assigned.seeks !== seeks) return null;
  // Nothing fails from here on.
  assigned.position = to;
  assigned.reached = true;
  assigned.mayHaveMore = true;
  const run = {
    topic,
    partition: ref.partition,
    buffer: exactBuffer(runs),
    from,
    to,
    highWatermark,
    pending: false,
    own,
  };
  const { handledTo } = assigned;
  return handledTo !== null && handledTo > from ? { ...run, handledTo } : run;
}

/** The position was none of a record: retention passed it, or the log was cut below it. Never without a word. */
function reset(
  assigned: AssignedPartition,
  to: AssignedPartition["position"] & {},
  onNews: ReaderDeps["onNews"] | null,
): void {
  const { topic, ref, position: from } = assigned;
  const reason = from !== null && to > from ? "retention" : "truncated";
  assigned.position = to;
  if (reason === "truncated" && assigned.handledTo !== null && assigned.handledTo > to) assigned.handledTo = to;
  assigned.mayHaveMore = true;
  onNews?.({ type: "reset", topic, partition: ref.partition, from: from ?? 0, to, reason });
}

async function ownOf(assigned: AssignedPartition, { own, replica }: ReaderDeps): Promise<PolledRun["own"]> {
  if (own === null || assigned.localSequence === null) return null;
  const [row] = await replica.rows([assigned.ref]);
  noteIdentity(assigned, row);
  return { topicKey: assigned.ref.topicKey, identities: identitiesOf(assigned) };
}

async function readOwn(assigned: AssignedPartition, bytesMax: number, own: OwnRecords): Promise<PolledRun | null> {
  const { localSequence, seeks, ref, topic } = assigned;
  if (localSequence === null) return null;
  const tail = await own.tail(ref, assigned.position, { from: localSequence, bytesMax });
  if (assigned.seeks !== seeks) return null;
  noteIdentity(assigned, tail.row);
  if (tail.behind) assigned.mayHaveMore = true;
  if (tail.to <= localSequence) return null;
  assigned.localSequence = tail.to;
  assigned.mayHaveMore = true;
  return {
    topic,
    partition: ref.partition,
    buffer: exactBuffer(tail.runs),
    from: tail.from,
    to: tail.to,
    highWatermark: tail.row.highWatermark,
    pending: true,
    own: { topicKey: ref.topicKey, identities: identitiesOf(assigned) },
  };
}
