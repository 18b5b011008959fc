/** What operations need of the world. A Hono route is one caller of them, a socket frame will be another. */
import type { Revocation, RevokeRequest } from "../../shared/api/revocations.ts";
import type { AnnounceDeviceRequest, KnownDevice } from "../../shared/api/devices.ts";
import type { TicketAnswer } from "../../shared/api/tickets.ts";
import type { Acl, AclFilter } from "../../shared/api/acls.ts";
import type { TopicMetadata } from "../../shared/api/metadata.ts";
import type { AlterQuotasRequest, EntityQuotas } from "../../shared/api/quotas.ts";
import type { ConfigChanges, CreateTopicRequest, DeleteTopicAnswer } from "../../shared/api/topics.ts";
import type { TopicId } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import type { ErrorCode } from "../../shared/error-table.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { demandPermission, isPermitted, type Access } from "../access/access.ts";
import type { Need } from "../access/needs.ts";
import type { NamespaceRules } from "../access/rules.ts";
import type { Standing } from "../access/standing.ts";
import type { Caller } from "../auth/caller.ts";
import type { CreatedTopic, TopicGrowth } from "../controller/topic-registry.ts";
import type { Outcome } from "../outcome.ts";
import type { PartitionPort, TailRequest } from "../partition/partition-port.ts";
import type { GroupPorts } from "./group-ports.ts";
import type { IngestKeyPort } from "./ingest-keys.ts";
import type { QuotaPort } from "../quota/request-quota.ts";
import type { ConsumerPort } from "../rest-consumer/consumer-calls.ts";
import type { TailListener, TailUpstream } from "../tail/tail-upstream.ts";

/** The controller of the caller's namespace. */
export interface ControllerPort {
  createTopic(request: CreateTopicRequest): Promise<Outcome<CreatedTopic>>;
  alterTopic(name: string, changes: ConfigChanges): Promise<Outcome<TopicMetadata>>;
  growTopic(name: string, partitionCount: number): Promise<Outcome<TopicGrowth>>;
  deleteTopic(name: string): Promise<Outcome<DeleteTopicAnswer>>;
  topics(names: readonly string[] | null, create: boolean): Promise<Outcome<TopicMetadata>[]>;
  /** Those that may hold anything. */
  bornPartitions(topicId: string): Promise<number[]>;
  topicById(topicId: string): Promise<TopicMetadata | null>;
  /** Who may do what, and how much. */
  rules(): Promise<NamespaceRules>;
  /** Those that were not there before. What it answers to the next request is by the rules as they are then. */
  createAcls(acls: readonly Acl[]): Promise<Outcome<Acl[]>>;
  deleteAcls(filter: AclFilter): Promise<Outcome<Acl[]>>;
  describeAcls(filter: AclFilter): Promise<Acl[]>;
  alterQuotas(request: AlterQuotasRequest): Promise<Outcome<EntityQuotas>>;
  /** Tells a partition its topic once more: it has not heard of a growth that others know of. */
  remindPartition(topicId: string, partition: number): Promise<void>;
  /** What was reported, in Prometheus' text format. */
  metrics(): Promise<string>;
}

/** Credentials that are ended before their time. What changes them acts at once in this isolate. */
export interface RevocationPort {
  all(): Promise<readonly Revocation[]>;
  add(request: RevokeRequest): Promise<Outcome<Revocation>>;
  /** Null: there is none of this id. */
  remove(id: string): Promise<Outcome<Revocation | null>>;
}

export interface EdgePorts {
  readonly caller: Caller;
  readonly access: Access;
  /** Bytes that go through the ports are charged there. */
  readonly quota: QuotaPort;
  /** The same as `access`, for what lives longer than a request: it can be looked at again. */
  readonly standing: Standing;
  readonly revocations: RevocationPort;
  /** For a socket from that origin; null: from any. Throws `THROTTLING_QUOTA_EXCEEDED`, `NOT_CONFIGURED`. */
  issueTicket(origin: string | null): Promise<TicketAnswer>;
  /** Among those of the caller. */
  announceDevice(request: AnnounceDeviceRequest): Promise<Outcome<KnownDevice[]>>;
  readonly controller: ControllerPort;
  readonly groups: GroupPorts;
  /** Of the caller's namespace, in its name. */
  restConsumer(groupId: string, instanceId: string): ConsumerPort;
  readonly ingestKeys: IngestKeyPort;
  /** A minute old at most; what it says of an id stays true, since a topic's id and count are never taken back. */
  readonly topics: TopicLookup;
  readonly autoCreateTopics: boolean;
  readonly clock: Clock;
  /** How long a socket or an event stream lives. */
  readonly streamMs: number;
  /** Told of each error of a partition within an answer. */
  refused(code: ErrorCode): void;
  /** Goes on after the answer. */
  background(work: Promise<void>): void;
  /** For a wait that no reader has named. */
  newSessionId(): string;
  /** The topic's configuration says where the partition is. */
  partition(topic: KnownTopic, partition: number): PartitionPort;
  /** Throws what the partition refuses it with. */
  openTail(question: PartitionTail, listener: TailListener): Promise<TailUpstream>;
}

export interface PartitionTail {
  readonly topic: KnownTopic;
  readonly partition: number;
  readonly request: TailRequest;
}

export type KnownTopic = TopicMetadata & { readonly topicId: TopicId };

export interface TopicLookup {
  byId(topicId: string): Promise<KnownTopic | null>;
  byName(name: string): Promise<KnownTopic | null>;
  /** As the controller has it now. */
  asked(topicId: string): Promise<KnownTopic | null>;
  learn(topic: TopicMetadata): void;
  /** The controller, or a partition that asked it, says that there is no such topic. */
  forget(topicId: string): void;
}

/**
 * Throws `UNKNOWN_TOPIC_ID` or `UNKNOWN_TOPIC_OR_PARTITION`; `TOPIC_AUTHORIZATION_FAILED` where the caller may not have
 * what it needs, and may know that the topic is there.
 */
export async function partitionById(
  ports: EdgePorts,
  topicId: string,
  partition: number,
  need: Need,
): Promise<KnownTopic> {
  const topic = await ports.topics.byId(topicId);
  if (topic === null) throw unknownTopicId(topicId);
  if (!isPermitted(ports.access, need, topic.name)) await refuse(ports, topic, need);
  return await withPartition(ports, topic, partition);
}

/** Nothing tells a topic whose name is not to be known from one that is not there: no word, and no call that is left out. */
async function refuse({ access, topics }: EdgePorts, { name, topicId }: KnownTopic, need: Need): Promise<never> {
  if (isPermitted(access, "describeTopic", name)) demandPermission(access, need, name);
  await topics.asked(topicId);
  throw unknownTopicId(topicId);
}

/** Throws `TOPIC_AUTHORIZATION_FAILED` whether or not there is such a topic; `UNKNOWN_TOPIC_OR_PARTITION`. */
export async function topicByName(ports: EdgePorts, name: string, need: Need): Promise<KnownTopic> {
  demandPermission(ports.access, need, name);
  const topic = await ports.topics.byName(name);
  if (topic === null) throw unknownTopic(name);
  return topic;
}

/** Throws as `topicByName`. */
export async function partitionByName(
  ports: EdgePorts,
  name: string,
  partition: number,
  need: Need,
): Promise<KnownTopic> {
  return await withPartition(ports, await topicByName(ports, name, need), partition);
}

function unknownTopicId(topicId: string): StrandlineError {
  return new StrandlineError("UNKNOWN_TOPIC_ID", topicId, { topicId });
}

export function unknownTopic(name: string): StrandlineError {
  return new StrandlineError("UNKNOWN_TOPIC_OR_PARTITION", `topic ${JSON.stringify(name)}`, { topic: name });
}

async function withPartition(ports: EdgePorts, topic: KnownTopic, partition: number): Promise<KnownTopic> {
  if (partition < topic.partitionCount) return demandPartition(topic, partition);
  // It may have grown since it was learned.
  return demandPartition((await ports.topics.asked(topic.topicId)) ?? topic, partition);
}

function demandPartition(topic: KnownTopic, partition: number): KnownTopic {
  if (Number.isInteger(partition) && partition >= 0 && partition < topic.partitionCount) return topic;
  const said = `partition ${partition}, the topic ${JSON.stringify(topic.name)} has ${topic.partitionCount}`;
  throw new StrandlineError("UNKNOWN_TOPIC_OR_PARTITION", said, {
    topic: topic.name,
    partition,
    partitionCount: topic.partitionCount,
  });
}
