/** The ports of one request, over Durable Objects: a stub is made for each call, since one that threw stays dead. */
import type { Revocation } from "../shared/api/revocations.ts";
import type { AnnounceDeviceRequest, KnownDevice } from "../shared/api/devices.ts";
import type { TopicMetadata } from "../shared/api/metadata.ts";
import type { TicketAnswer } from "../shared/api/tickets.ts";
import { hexOf } from "../shared/producer-identity.ts";
import { RulesCache } from "./access/rules-cache.ts";
import { NO_RULES, type NamespaceRules } from "./access/rules.ts";
import { Standing } from "./access/standing.ts";
import { ANYBODY, type Caller } from "./auth/caller.ts";
import { writeTicket } from "./auth/ticket.ts";
import { consumerPort } from "./consumer-port.ts";
import { settingsOf, type Env } from "./env.ts";
import { forgetListing, groupPorts } from "./group-ports.ts";
import { ingestKeyPort } from "./ingest-key-port.ts";
import { meteredPartition } from "./metered-partition.ts";
import type { ControllerPort, EdgePorts, RevocationPort } from "./operations/ports.ts";
import { take, type Outcome } from "./outcome.ts";
import { partitionPort, partitionStub } from "./partition-stub.ts";
import { isBound, meterOf } from "./caller-meter.ts";
import { NO_QUOTA, RequestQuota } from "./quota/request-quota.ts";
import { partitionRefused } from "./request-log.ts";
import { systemClock, systemRandom } from "./system-ports.ts";
import { openPacedTail } from "./tail/paced-tail.ts";
import { openTail } from "./tail/tail-upstream.ts";
import { TopicCache } from "./topic-cache.ts";

const rulesCache = new RulesCache<NamespaceRules>(systemClock);
const caches = new Map<string, TopicCache>();

type StubOf<Namespace> = Namespace extends DurableObjectNamespace<infer Object> ? DurableObjectStub<Object> : never;

/**
 * Throws `SASL_AUTHENTICATION_FAILED` where the caller's credential is over, `THROTTLING_QUOTA_EXCEEDED` where the caller is
 * told to come later. Rejects where the rules of its namespace are not known and cannot be asked for.
 */
export async function requestPorts(env: Env, caller: Caller, background: EdgePorts["background"]): Promise<EdgePorts> {
  const controller = controllerPort(env, caller);
  const { standing, rules } = await standingOf(caller, controller, background);
  const meter = meterOf(env, caller, rules);
  const quota = meter === null ? NO_QUOTA : new RequestQuota(caller.principal, meter);
  quota.admit("request_rate");
  quota.charge("request_rate", 1);
  const topics = cacheOf(caller.namespace).lookup(controller, background);
  const open: EdgePorts["openTail"] = async ({ topic, partition, request }, listener) => {
    const { address, stub } = partitionStub(env, caller.namespace, topic, partition);
    return await openTail(stub(), { address, request, expiresAtMs: caller.expiresAtMs }, listener);
  };
  return {
    caller,
    access: standing,
    standing,
    quota,
    controller,
    groups: groupPorts(env, caller, background),
    restConsumer: (groupId, instanceId) => consumerPort(env, caller, { groupId, instanceId }),
    ingestKeys: ingestKeyPort(env, caller),
    revocations: revocationPort(env, caller, controller),
    issueTicket: async (origin) => await issueTicket(env, caller, origin),
    announceDevice: async (request) => await announceDevice(env, caller, request),
    topics,
    newSessionId: () => hexOf(systemRandom.bytes(16)),
    streamMs: settingsOf(env).streamMs,
    clock: systemClock,
    refused: (code) => partitionRefused(caller.namespace, code),
    background,
    autoCreateTopics: settingsOf(env).autoCreateTopics,
    partition: (topic, partition) => {
      const port = partitionPort(partitionStub(env, caller.namespace, topic, partition), (topicId) =>
        topics.forget(topicId),
      );
      return meter === null ? port : meteredPartition(port, quota);
    },
    openTail: async (question, listener) =>
      meter === null
        ? await open(question, listener)
        : await openPacedTail({ clock: systemClock, meter, open }, question, listener),
  };
}

/** Whoever may do everything can be revoked too: where doors are closed, rules are asked for. */
async function standingOf(
  caller: Caller,
  controller: ControllerPort,
  background: EdgePorts["background"],
): Promise<{ readonly standing: Standing; readonly rules: NamespaceRules }> {
  const { namespace } = caller;
  const ask = async (): Promise<NamespaceRules> => ({ ...NO_RULES, ...(await controller.rules()) });
  const free = { bearer: caller, clock: systemClock, rules: NO_RULES, ask: null };
  if (caller === ANYBODY) return { standing: new Standing(free), rules: NO_RULES };
  const rules = await rulesCache.rulesOf(namespace, ask, background);
  const again = (): ReturnType<typeof rulesCache.rulesOf> => rulesCache.rulesOf(namespace, ask, (work) => void work);
  const standing = new Standing({ bearer: caller, clock: systemClock, rules, ask: again });
  const refusal = standing.refusal();
  if (refusal !== null) throw refusal;
  return { standing, rules };
}

async function issueTicket(env: Env, caller: Caller, origin: string | null): Promise<TicketAnswer> {
  const { namespace } = caller;
  const controller = env.CONTROLLER.get(env.CONTROLLER.idFromName(namespace));
  const { secret, expiresInMs } = take(await controller.issueTicket(caller, origin));
  return { ticket: await writeTicket(env, { namespace, secret }), expiresInMs };
}

/** Where the doors are open everybody is one principal, who would be told of everybody's devices. */
async function announceDevice(
  { CONTROLLER }: Env,
  caller: Caller,
  request: AnnounceDeviceRequest,
): Promise<Outcome<KnownDevice[]>> {
  if (caller === ANYBODY) return { ok: true, value: [] };
  const controller = CONTROLLER.get(CONTROLLER.idFromName(caller.namespace));
  return await controller.announceDevice(caller.principal, request);
}

function revocationPort({ CONTROLLER }: Env, { namespace }: Caller, controller: ControllerPort): RevocationPort {
  const stub = (): StubOf<Env["CONTROLLER"]> => CONTROLLER.get(CONTROLLER.idFromName(namespace));
  return {
    all: async () => (await controller.rules()).revocations,
    add: async (request) => await forgetRules<Outcome<Revocation>>(namespace, async () => await stub().revoke(request)),
    remove: async (id) =>
      await forgetRules<Outcome<Revocation | null>>(namespace, async () => await stub().unrevoke(id)),
  };
}

/** Of a change to them. Also where no answer comes: it may have happened. */
async function forgetRules<Value>(namespace: string, change: () => Promise<Value>): Promise<Value> {
  try {
    return await change();
  } finally {
    rulesCache.forget(namespace);
  }
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
  return {
    createTopic: async (request) => await forgetListing(namespace, async () => await stub().createTopic(request, by)),
    alterTopic: async (name, changes) => await stub().alterTopic(name, changes),
    growTopic: async (name, partitionCount) =>
      await forgetListing(namespace, async () => await stub().growTopic(name, partitionCount, by)),
    deleteTopic: async (name) => await forgetListing(namespace, async () => await stub().deleteTopic(name)),
    topics: async (names, create) => {
      const ask = async (): Promise<Outcome<TopicMetadata>[]> => await stub().topics(names, create, by);
      return create ? await forgetListing(namespace, ask) : await ask();
    },
    bornPartitions: async (topicId) => await stub().bornPartitions(topicId),
    topicById: async (topicId) => await stub().topicById(topicId),
    rules: async () => await stub().rules(),
    createAcls: async (acls) => await forgetRules(namespace, async () => await stub().createAcls(acls)),
    deleteAcls: async (filter) => await forgetRules(namespace, async () => await stub().deleteAcls(filter)),
    describeAcls: async (filter) => await stub().describeAcls(filter),
    alterQuotas: async (request) => await forgetRules(namespace, async () => await stub().alterQuotas(request)),
    remindPartition: async (topicId, partition) => await stub().remindPartition(topicId, partition),
    metrics: async () => await stub().metrics(),
  };
}
