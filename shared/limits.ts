/**
 * Every limit of the system, with its unit last in the name. Relations between limits are asserted at the
 * end of the file, so that a change which breaks one cannot be loaded.
 */
import { assert } from "./assert.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

export const LIMITS = {
  /** One record batch, header included. A Durable Object row holds 2 MB in production. */
  batchBytesMax: MIB,
  /** What one produce request carries for one partition: consecutive batches, stored as one row. */
  runBytesMax: MIB,
  /** One row of the edge log. Local development does not enforce Cloudflare's 2 MB, so we do. */
  rowBytesMax: 1_900_000,
  /** The JSON head of a binary body (`envelope.ts`). */
  envelopeHeadBytesMax: 256 * KIB,
  /** The body of one produce request over all its partitions. */
  produceBytesMax: 16 * MIB,
  /** The body of any request that is JSON. */
  jsonBytesMax: 512 * KIB,
  /** What one gzip batch may inflate to when it is looked into. */
  inflatedBytesMax: 8 * MIB,
  /** What one fetch answer carries over all its partitions, unless the first batch alone is larger. */
  fetchBytesMax: 8 * MIB,
  fetchWaitMsMax: 30_000,
  fetchPartitionsMax: 1_000,
  producePartitionsMax: 1_000,
  topicNameCharsMax: 249,
  partitionsPerTopicMax: 1_000,
  /** Batches that one reconcile request describes. */
  reconcileBatchesMax: 512,
  /** Voids that the edge remembers for one producer on one partition. */
  voidsPerProducerMax: 4_096,
  /** Requests of one device in flight per partition. */
  inFlightPerPartitionMax: 2,
  /** A producer identity is succeeded before its sequence passes this. Sequences end at 2^31 - 1. */
  sequenceMax: 2 ** 31 - 1 - 2 ** 20,
  /** The last few runs of a producer whose offsets the edge can still name. Kafka keeps 5 batches. */
  recentRunsPerProducerMax: 5,
} as const;

assert(LIMITS.batchBytesMax <= LIMITS.runBytesMax, "a run holds at least one batch");
assert(LIMITS.runBytesMax <= LIMITS.rowBytesMax, "a run fits a row");
assert(LIMITS.rowBytesMax < 2_000_000, "a row fits what Cloudflare stores");
assert(LIMITS.runBytesMax + LIMITS.envelopeHeadBytesMax <= LIMITS.produceBytesMax, "a run fits a request");
assert(LIMITS.batchBytesMax <= LIMITS.fetchBytesMax, "a batch fits an answer");
