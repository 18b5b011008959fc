/** The ports of one request, over Durable Objects: a stub is made for each call, since one that threw stays dead. */
import { hexOf } from "../shared/producer-identity.ts";
import type { Caller } from "./auth.ts";
import { settingsOf, type Env } from "./env.ts";
import type { ControllerPort, EdgePorts } from "./operations/ports.ts";
import { partitionName } from "./partition/partition-name.ts";
import type { PartitionPort } from "./partition/partition-port.ts";
import { systemClock, systemRandom } from "./system-ports.ts";
import { openTail } from "./tail/tail-upstream.ts";
import { TopicCache } from "./topic-cache.ts";

const caches = new Map<string, TopicCache>();

export function requestPorts(env: Env, caller: Caller, background: EdgePorts["background"]): EdgePorts {
  const controller = controllerPort(env, caller);
  return {
    caller,
    controller,
    topics: cacheOf(caller.namespace).lookup(controller),
    newSessionId: () => hexOf(systemRandom.bytes(16)),
    streamMs: settingsOf(env).streamMs,
    clock: systemClock,
    background,
    autoCreateTopics: settingsOf(env).autoCreateTopics,
    partition: (topicId, partition) => partitionPort(env, caller, topicId, partition),
    openTail: async ({ topicId, partition, request }, listener) => {
      const address = { namespace: caller.namespace, topicId, partition };
      const stub = env.PARTITION.get(env.PARTITION.idFromName(partitionName(address)));
      return await openTail(stub, { address, request }, listener);
    },
  };
}

function cacheOf(namespace: string): TopicCache {
  const known = caches.get(namespace);
  if (known !== undefined) return known;
  const made = new TopicCache(systemClock);
  caches.set(namespace, made);
  return made;
}

function controllerPort(env: Env, { namespace }: Caller): ControllerPort {
  const stub = (): Env["CONTROLLER"] extends DurableObjectNamespace<infer Object> ? DurableObjectStub<Object> : never =>
    env.CONTROLLER.get(env.CONTROLLER.idFromName(namespace));
  return {
    createTopic: async (name, partitionCount, config) => await stub().createTopic(name, partitionCount, config),
    topics: async (names, create) => await stub().topics(names, create),
    topicById: async (topicId) => await stub().topicById(topicId),
    metrics: async () => await stub().metrics(),
  };
}

function partitionPort(env: Env, { namespace }: Caller, topicId: string, partition: number): PartitionPort {
  const address = { namespace, topicId, partition };
  const id = env.PARTITION.idFromName(partitionName(address));
  const stub = (): Env["PARTITION"] extends DurableObjectNamespace<infer Object> ? DurableObjectStub<Object> : never =>
    env.PARTITION.get(id);
  return {
    append: async (request) => await stub().append(address, request),
    proof: async (producerId) => await stub().proof(address, producerId),
    read: async (request) => await stub().read(address, request),
    waitForAppend: async (request) => await stub().waitForAppend(address, request),
    reconcile: async (producerId, request) => await stub().reconcile(address, producerId, request),
    bounds: async () => await stub().bounds(address),
    deleteRecords: async (before) => await stub().deleteRecords(address, before),
    batchAtTime: async (request) => await stub().batchAtTime(address, request),
  };
}
