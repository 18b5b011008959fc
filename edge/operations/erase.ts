/**
 * Erase a key. Its records may stand in any partition (the topic grew, or its producer chose), so all that hold anything
 * get a tombstone; each answers for itself, and a partition that could not be asked is asked when the request is
 * repeated.
 */
import type { EraseAnswer, ErasedPartition } from "../../shared/api/erasure.ts";
import { NO_CHAIN } from "../../shared/brands.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { bytesOf } from "../../shared/utf8.ts";
import { demandTopicAccess } from "../access/access.ts";
import { asStrandlineError } from "../http-error.ts";
import { log, thrownFields } from "../log.ts";
import { take } from "../outcome.ts";
import type { AppendRequest } from "../partition/partition-port.ts";
import { checkRun } from "./run-check.ts";
import { maxMessageBytes } from "../topic-config.ts";
import { unknownTopic, type EdgePorts, type KnownTopic } from "./ports.ts";

export interface EraseQuery {
  readonly key?: string | undefined;
  readonly keyBase64?: string | undefined;
  readonly maxWaitMs: number;
}

/** Calls under way: a Worker has six connections, and a partition that compacts takes its time. */
const AT_ONCE = 6;
/** Of Cloudflare's point-in-time recovery: what a Durable Object held stays readable for it so long. */
const BACKUP_MS = 30 * 86_400_000;

/** Throws `UNKNOWN_TOPIC_OR_PARTITION`, `TOPIC_AUTHORIZATION_FAILED`. */
export async function erase(ports: EdgePorts, name: string, query: EraseQuery): Promise<EraseAnswer> {
  demandTopicAccess(ports.access, "DELETE", name);
  const topic = await ports.topics.byName(name);
  if (topic === null) throw unknownTopic(name);
  const key = query.keyBase64 === undefined ? bytesOf(query.key ?? "") : bytesOfBase64(query.keyBase64);
  const until = ports.clock.now() + query.maxWaitMs;
  const born = await ports.controller.bornPartitions(topic.topicId);
  const left = born.values();
  const partitions: ErasedPartition[] = [];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      // Of one iterator: each partition is taken once.
      for (const partition of left) partitions.push(await erasePartition(ports, topic, { partition, key, until }));
    }),
  );
  const found = partitions.filter(({ tombstoneOffset, error }) => tombstoneOffset !== null || error !== null);
  return answerOf(name, found);
}

interface ErasedKeyOf {
  readonly partition: number;
  readonly key: Uint8Array;
  readonly until: number;
}

async function erasePartition(
  ports: EdgePorts,
  topic: KnownTopic,
  { partition, key, until }: ErasedKeyOf,
): Promise<ErasedPartition> {
  try {
    const tombstone = await tombstoneOf(topic, key, ports.clock.now());
    const waitMs = Math.max(0, until - ports.clock.now());
    const erased = take(await ports.partition(topic, partition).erase({ key, tombstone, waitMs }));
    return { partition, error: null, ...erased };
  } catch (thrown) {
    const error = asUnreachable(topic, partition, thrown);
    ports.refused(error.code);
    return { partition, state: null, tombstoneOffset: null, goneAt: null, unopened: false, error: error.toBody() };
  }
}

async function tombstoneOf({ config }: KnownTopic, key: Uint8Array, timestamp: number): Promise<AppendRequest> {
  const encoder = new RecordBatchEncoder();
  encoder.append({ key, value: null, timestamp });
  const bytes = encoder.finish();
  const checked = await checkRun(bytes, NO_CHAIN, { batchBytesMax: maxMessageBytes(config) });
  return { bytes, leaderEpoch: null, ...checked };
}

function asUnreachable({ topicId }: KnownTopic, partition: number, thrown: unknown): StrandlineError {
  if (thrown instanceof StrandlineError) return asStrandlineError(thrown);
  log.warn("a partition could not be asked", { topicId, partition, ...thrownFields(thrown) });
  return new StrandlineError("KAFKA_STORAGE_ERROR", "the partition could not be asked");
}

function answerOf(topic: string, partitions: readonly ErasedPartition[]): EraseAnswer {
  const sorted = partitions.toSorted((a, b) => a.partition - b.partition);
  const goneAts = sorted.map(({ goneAt }) => goneAt);
  const known = goneAts.filter((goneAt) => goneAt !== null);
  return {
    topic,
    partitions: sorted,
    gone: sorted.every(({ state }) => state === "gone"),
    backupsGoneAt: known.length === 0 || known.length < goneAts.length ? null : Math.max(...known) + BACKUP_MS,
  };
}

function bytesOfBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
