/** The ports of one request, over Durable Objects: a stub is made for each call, since one that threw stays dead. */
import { hexOf } from "../shared/producer-identity.ts";
import { accessOf } from "./access/access.ts";
import { RulesCache } from "./access/rules-cache.ts";
import { NO_RULES } from "./access/rules.ts";
import type { Caller } from "./auth/caller.ts";
import { settingsOf, type Env } from "./env.ts";
import { meteredPartition } from "./metered-partition.ts";
import type { ControllerPort, EdgePorts, KnownTopic } from "./operations/ports.ts";
import type { Outcome } from "./outcome.ts";
import { partitionId } from "./partition/partition-name.ts";
import type { PartitionAddress, PartitionPort } from "./partition/partition-port.ts";
import { isBound, meterOf } from "./caller-meter.ts";
import { NO_QUOTA, RequestQuota } from "./quota/request-quota.ts";
import { partitionRefused } from "./request-log.ts";
import { systemClock, systemRandom } from "./system-ports.ts";
import { openPacedTail } from "./tail/paced-tail.ts";
import { openTail } from "./tail/tail-upstream.ts";
import { TopicCache } from "./topic-cache.ts";
import { locationOf } from "./topic-config.ts";

const rulesCache = new RulesCache(systemClock);
const caches = new Map<string, TopicCache>();

type StubOf<Namespace> = Namespace extends DurableObjectNamespace<infer Object> ? DurableObjectStub<Object> : never;

/**
 * Rejects where the rules of the caller's namespace are not known and cannot be asked for, and with
 * `THROTTLING_QUOTA_EXCEEDED` where the caller is told to come later.
 */
export async function requestPorts(env: Env, caller: Caller, background: EdgePorts["background"]): Promise<EdgePorts> {
  const controller = controllerPort(env, caller);
  // No rule binds whoever may do everything, so none is asked for.
  const free = caller.grants === "all";
  const rules = free
    ? NO_RULES
    : await rulesCache.rulesOf(caller.namespace, async () => await controller.rules(), background);
  const meter = meterOf(env, caller, rules);
  const quota = meter === null ? NO_QUOTA : new RequestQuota(caller.principal, meter);
  quota.admit("request_rate");
  quota.charge("request_rate", 1);
  const topics = cacheOf(caller.namespace).lookup(controller, background);
  const open: EdgePorts["openTail"] = async ({ topic, partition, request }, listener) => {
    const { address, stub } = partitionStub(env, caller, topic, partition);
    return await openTail(stub(), { address, request }, listener);
  };
  return {
    caller,
    access: accessOf(caller, rules),
    quota,
    controller,
    topics,
    newSessionId: () => hexOf(systemRandom.bytes(16)),
    streamMs: settingsOf(env).streamMs,
    clock: systemClock,
    refused: (code) => partitionRefused(caller.namespace, code),
    background,
    autoCreateTopics: settingsOf(env).autoCreateTopics,
    partition: (topic, partition) => {
      const port = partitionPort(partitionStub(env, caller, topic, partition), (topicId) => topics.forget(topicId));
      return meter === null ? port : meteredPartition(port, quota);
    },
    openTail: async (question, listener) =>
      meter === null
        ? await open(question, listener)
        : await openPacedTail({ clock: systemClock, meter, open }, question, listener),
  };
}

function cacheOf(namespace: string): TopicCache {
  const known = caches.get(namespace);
  if (known !== undefined) return known;
  const made = new TopicCache(systemClock);
  caches.set(namespace, made);
  return made;
}

function controllerPort(env: Env, caller: Caller): ControllerPort {
  const { namespace, principal } = caller;
  const by = { principal, isBound: isBound(caller) };
  const stub = (): StubOf<Env["CONTROLLER"]> => env.CONTROLLER.get(env.CONTROLLER.idFromName(namespace));
  /** Also where no answer comes: it may have happened. */
  const forgetRules = async <Value>(change: () => Promise<Value>): Promise<Value> => {
    try {
      return await change();
    } finally {
      rulesCache.forget(namespace);
    }
  };
  return {
    createTopic: async (request) => await stub().createTopic(request, by),
    alterTopic: async (name, changes) => await stub().alterTopic(name, changes),
    growTopic: async (name, partitionCount) => await stub().growTopic(name, partitionCount, by),
    deleteTopic: async (name) => await stub().deleteTopic(name),
    topics: async (names, create) => await stub().topics(names, create, by),
    bornPartitions: async (topicId) => await stub().bornPartitions(topicId),
    topicById: async (topicId) => await stub().topicById(topicId),
    rules: async () => await stub().rules(),
    createAcls: async (acls) => await forgetRules(async () => await stub().createAcls(acls)),
    deleteAcls: async (filter) => await forgetRules(async () => await stub().deleteAcls(filter)),
    describeAcls: async (filter) => await stub().describeAcls(filter),
    alterQuotas: async (request) => await forgetRules(async () => await stub().alterQuotas(request)),
    remindPartition: async (topicId, partition) => await stub().remindPartition(topicId, partition),
    metrics: async () => await stub().metrics(),
  };
}

interface AddressedStub {
  readonly address: PartitionAddress;
  readonly stub: () => StubOf<Env["PARTITION"]>;
}

/** The first request of all decides where a partition is: near it, or at the topic's `location`. */
function partitionStub(
  { PARTITION }: Env,
  { namespace }: Caller,
  { topicId, config }: KnownTopic,
  partition: number,
): AddressedStub {
  const { jurisdiction } = config;
  const address = { namespace, topicId, partition, ...(jurisdiction === undefined ? {} : { jurisdiction }) };
  const id = partitionId(PARTITION, address);
  const locationHint = locationOf(config);
  const options = locationHint === undefined ? {} : { locationHint };
  return { address, stub: () => PARTITION.get(id, options) };
}

function partitionPort({ address, stub }: AddressedStub, gone: (topicId: string) => void): PartitionPort {
  /** A partition that should not exist has asked the controller, or was told: it knows better than the cache. */
  const heeded = <Value>(outcome: Outcome<Value>): Outcome<Value> => {
    if (!outcome.ok && outcome.error.code === "UNKNOWN_TOPIC_ID") gone(address.topicId);
    return outcome;
  };
  return {
    append: async (request) => heeded(await stub().append(address, request)),
    proof: async (producerId) => heeded(await stub().proof(address, producerId)),
    read: async (request) => heeded(await stub().read(address, request)),
    waitForAppend: async (request) => await stub().waitForAppend(address, request),
    reconcile: async (producerId, request) => heeded(await stub().reconcile(address, producerId, request)),
    bounds: async () => heeded(await stub().bounds(address)),
    deleteRecords: async (before) => heeded(await stub().deleteRecords(address, before)),
    erase: async (request) => heeded(await stub().erase(address, request)),
    batchAtTime: async (request) => heeded(await stub().batchAtTime(address, request)),
  };
}
