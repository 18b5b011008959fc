/**
 * Every limit of the system, with its unit last in the name. Relations between limits are asserted at the
 * end of the file, so that a change which breaks one cannot be loaded.
 */
import { assert } from "./assert.ts";

export const LIMITS = {
  /** One record batch, header included. A Durable Object row holds 2 MB in production. */
  batchBytesMax: 1_048_576,
  /** What one produce request carries for one partition: consecutive batches, stored as one row. */
  runBytesMax: 1_048_576,
  /** One row of the edge log. Local development does not enforce Cloudflare's 2 MB, so we do. */
  rowBytesMax: 1_900_000,
  /** A partition's storage: Cloudflare's limit is 10 GB, and what is under way when it is met must still fit. */
  storageBytesMax: 9_000_000_000,
  /** The JSON head of a binary body (`envelope.ts`). */
  envelopeHeadBytesMax: 262_144,
  /** The body of one produce request over all its partitions. */
  produceBytesMax: 16_777_216,
  /** The body of any request that is JSON. */
  jsonBytesMax: 524_288,
  /** The body of a request that holds records as JSON. */
  recordsBodyBytesMax: 4_194_304,
  /** Records of such a request: each is answered for itself, in some hundred times the room that an empty one takes. */
  recordsPerRequestMax: 10_000,
  /** The body of a request under an ingest key: a webhook, or what a page sends as it goes. */
  ingestBytesMax: 1_048_576,
  ingestKeysPerTopicMax: 100,
  webhookSecretCharsMin: 8,
  /** Of one ingest key, and of one topic's `cors.origins`. */
  originsPerListMax: 50,
  /** One record of a stream, as text: Base64 or escapes make it longer than it is. */
  recordTextBytesMax: 2_097_152,
  /** Reports of a stream that nobody has read yet; the stream goes on once they are. */
  reportsBytesMax: 4_194_304,
  /** How long a stream of records waits for the reader of its reports. */
  reportsWaitMsMax: 30_000,
  /** What one gzip batch may inflate to when it is looked into. */
  inflatedBytesMax: 8_388_608,
  /** What the batches of one run may inflate to together, as a multiple of its bytes; a MiB always. */
  inflationRatioMax: 100,
  /** What may be inflated at once in one isolate, which has 128 MB of memory. */
  inflatingBytesMax: 33_554_432,
  /** Lists and objects within each other, in any JSON that comes from outside. */
  jsonDepthMax: 64,
  /** Entries of a topic's configuration. */
  configEntriesMax: 100,
  /** Cloudflare's own limit is 16 KB; nothing else would hold others to it. */
  urlCharsMax: 16_384,
  pathCharsMax: 2_048,
  recordHeadersMax: 1_000,
  /** What one fetch answer carries over all its partitions, unless the first batch alone is larger. */
  fetchBytesMax: 8_388_608,
  fetchWaitMsMax: 30_000,
  fetchPartitionsMax: 1_000,
  /** What a consumer may say beside an offset that it commits, in UTF-8. */
  offsetMetadataBytesMax: 4_096,
  /** Subscriptions of one tail socket. */
  tailSubscriptionsMax: 1_000,
  /** What may be under way unacknowledged over all subscriptions of one tail socket, and over all tails of one partition. */
  tailWindowBytesMax: 16_777_216,
  /** One frame of a tail, unless a batch alone is larger: what a turn of the partition gives one reader. */
  tailFrameBytes: 262_144,
  /** The same for a reader whose window holds several of them: a frame costs a message, a turn and a query each way. */
  tailFrameBytesMax: 524_288,
  /** Frames under way unacknowledged for one subscription: its state fits what hibernation keeps of a socket. */
  tailFramesUnackedMax: 128,
  /** How long readers wait for the room of one that acknowledges nothing, before it has to go and come back. */
  tailStarvationMsMax: 2_000,
  /** A reader that acknowledges nothing for so long, with records under way, is closed also where nobody waits. */
  tailSilenceMsMax: 60_000,
  /** How long a ticket for a socket is good. */
  ticketMsMax: 30_000,
  /** Tickets of one principal that are not used yet. */
  ticketsPerPrincipalMax: 100,
  ticketsPerNamespaceMax: 10_000,
  /** Of one namespace: every isolate holds all of them. */
  revocationsMax: 10_000,
  /** Of one principal; the one that was heard of longest ago is forgotten. */
  devicesPerPrincipalMax: 32,
  producePartitionsMax: 1_000,
  topicNameCharsMax: 249,
  partitionsPerTopicMax: 1_000,
  /** Of one namespace: every isolate holds them in memory. */
  aclsMax: 10_000,
  aclsPerRequestMax: 1_000,
  /** Of an ACL: `User:` and a name. */
  aclPrincipalCharsMax: 260,
  groupIdCharsMax: 249,
  /** Consumer groups of one namespace. */
  groupsPerNamespaceMax: 10_000,
  /** Members of one group. */
  groupMembersMax: 1_000,
  groupTopicsMax: 1_000,
  groupPatternsMax: 100,
  groupPatternCharsMax: 249,
  groupInstanceIdCharsMax: 249,
  commitPartitionsMax: 1_000,
  /** Batches that one reconcile request describes. */
  reconcileBatchesMax: 512,
  /** Voids that the edge remembers for one producer on one partition. */
  voidsPerProducerMax: 4_096,
  /** How long a request with an `Idempotency-Key` is known by it, at least, in the partition's clock. */
  idempotencyKeyMs: 86_400_000,
  /** Requests of one device in flight per partition. */
  inFlightPerPartitionMax: 2,
  /** A producer identity is succeeded before its sequence passes this. Sequences end at 2^31 - 1. */
  sequenceMax: 2_146_435_071,
  /** The last few runs of a producer whose offsets the edge can still name. Kafka keeps 5 batches. */
  recentRunsPerProducerMax: 5,
} as const;

const MIB = 1024 * 1024;
assert(LIMITS.batchBytesMax === MIB, "a batch is at most 1 MiB");
assert(LIMITS.produceBytesMax === 16 * MIB && LIMITS.fetchBytesMax === 8 * MIB, "bodies are whole MiB");
assert(LIMITS.sequenceMax === 2 ** 31 - 1 - MIB, "a successor is due a million records before sequences end");
assert(LIMITS.batchBytesMax <= LIMITS.runBytesMax, "a run holds at least one batch");
assert(LIMITS.runBytesMax <= LIMITS.rowBytesMax, "a run fits a row");
assert(LIMITS.rowBytesMax < 2_000_000, "a row fits what Cloudflare stores");
assert(LIMITS.storageBytesMax <= 9_500_000_000, "reads and snapshots go on where appends are refused");
assert(LIMITS.runBytesMax + LIMITS.envelopeHeadBytesMax <= LIMITS.produceBytesMax, "a run fits a request");
assert(LIMITS.batchBytesMax <= LIMITS.tailWindowBytesMax, "a batch fits a window");
assert(LIMITS.tailFrameBytesMax <= LIMITS.batchBytesMax, "frames are smaller than the largest batch");
assert(LIMITS.batchBytesMax < LIMITS.recordTextBytesMax, "a record fits a line of a stream");
assert(LIMITS.recordTextBytesMax < LIMITS.recordsBodyBytesMax, "a record fits a body");
assert(LIMITS.batchBytesMax <= LIMITS.fetchBytesMax, "a batch fits an answer");
assert(LIMITS.inflatedBytesMax <= LIMITS.inflatingBytesMax, "a batch can be opened");
