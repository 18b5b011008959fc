/** A partition over the bindings: where its object is, and its port. A stub is made for each call, since one that threw stays dead. */
import type { Env } from "./env.ts";
import type { KnownTopic } from "./operations/ports.ts";
import type { Outcome } from "./outcome.ts";
import { partitionId } from "./partition/partition-name.ts";
import type { PartitionAddress, PartitionPort } from "./partition/partition-port.ts";
import { locationOf } from "./topic-config.ts";

type PartitionStub = ReturnType<Env["PARTITION"]["get"]>;

export interface AddressedStub {
  readonly address: PartitionAddress;
  readonly stub: () => PartitionStub;
}

/** The first request of all decides where a partition is: near it, or at the topic's `location`. */
export function partitionStub(
  { PARTITION }: Env,
  namespace: string,
  { topicId, config }: Pick<KnownTopic, "topicId" | "config">,
  partition: number,
): AddressedStub {
  const { jurisdiction } = config;
  const address = { namespace, topicId, partition, ...(jurisdiction === undefined ? {} : { jurisdiction }) };
  const id = partitionId(PARTITION, address);
  const locationHint = locationOf(config);
  const options = locationHint === undefined ? {} : { locationHint };
  return { address, stub: () => PARTITION.get(id, options) };
}

/** `gone` is told of a topic that is no more. */
export function partitionPort({ address, stub }: AddressedStub, gone: (topicId: string) => void): PartitionPort {
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
    fence: async (request) => heeded(await stub().fence(address, request)),
    commitOffset: async (request) => heeded(await stub().commitOffset(address, request)),
    groupStanding: async (group, incarnation) => heeded(await stub().groupStanding(address, group, incarnation)),
    forgetGroup: async (group, incarnation) => heeded(await stub().forgetGroup(address, group, incarnation)),
  };
}
