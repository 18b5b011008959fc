/** The admin, put together of its parts. */
import type { MetadataAnswer } from "../../../shared/api/metadata.ts";
import { createAcls, deleteAcls, describeAcls } from "./acls.ts";
import type { Admin } from "./admin.ts";
import { alterConfigs, describeConfigs } from "./configs.ts";
import { groupOffsets, resetOffsets, setOffsets } from "./group-offsets.ts";
import type { GroupDescription, OfCoordinator } from "./group-types.ts";
import { deleteGroups, describeGroup, describeGroups, groupLag, listGroups } from "./groups.ts";
import { deleteRecords, offsetsByTimestamp, topicOffsets } from "./offsets.ts";
import { AdminPorts, type AdminDeps, type Wait } from "./ports.ts";
import { createPartitions, createTopics, deleteTopics, describeTopics, listTopics } from "./topics.ts";

export function pageAdmin(deps: AdminDeps): Admin {
  const ports = new AdminPorts(deps);
  return {
    connect: async () => await ports.connect(),
    disconnect: async () => {},
    createTopics: async ({ topics, ...options }) => await createTopics(ports, topics, options),
    deleteTopics: async ({ topics, ...wait }) => await deleteTopics(ports, topics, wait),
    createPartitions: async ({ topicPartitions, ...options }) =>
      await createPartitions(ports, topicPartitions, options),
    listTopics: async (wait = {}) => await listTopics(ports, wait),
    fetchTopicMetadata: async ({ topics = [], ...wait } = {}) => ({
      topics: await describeTopics(ports, topics.length === 0 ? null : topics, wait),
    }),
    fetchTopicOffsets: async (topic, wait = {}) => await topicOffsets(ports, topic, wait),
    fetchTopicOffsetsByTimestamp: async (topic, timestamp, wait = {}) =>
      await offsetsByTimestamp(ports, { topic, timestamp }, wait),
    describeConfigs: async ({ resources, ...wait }) => await describeConfigs(ports, resources, wait),
    alterConfigs: async (options) => await alterConfigs(ports, options, options),
    deleteTopicRecords: async (options) => await deleteRecords(ports, options, options),
    describeCluster: async (wait = {}) => await describeCluster(ports, wait),
    createAcls: async ({ acl, ...wait }) => {
      await createAcls(ports, acl, wait);
      return true;
    },
    describeAcls: async ({ timeout, signal, ...filter }) => ({
      resources: await describeAcls(ports, filter, waitOf(timeout, signal)),
    }),
    deleteAcls: async ({ filters, ...wait }) => {
      const deleted = await deleteAcls(ports, filters, wait);
      return { filterResponses: deleted.map((matchingAcls) => ({ errorCode: 0, matchingAcls })) };
    },
    listGroups: async (options = {}) => await listGroups(ports, options),
    describeGroups: async (groupIds, options = {}) => await describeGroups(ports, groupIds, options),
    deleteGroups: async (groupIds, options = {}) => await deleteGroups(ports, groupIds, options),
    fetchOffsets: async (options) => await groupOffsets(ports, options, options),
    setOffsets: async (options) => await setOffsets(ports, options, options),
    resetOffsets: async (options) => await resetOffsets(ports, options, options),
    lag: async (groupId, options = {}) => await groupLag(ports, groupId, options),
  };
}

/** Of one consumer. */
export async function describeGroupOf(
  { call, connect, clock }: Pick<AdminDeps, "call" | "connect" | "clock">,
  groupId: string,
  options: Wait & OfCoordinator,
): Promise<GroupDescription> {
  const ports = new AdminPorts({
    call,
    connect,
    clock,
    url: null,
    namespace: "",
    coordinator: "device",
    onTopic: () => {},
  });
  return await describeGroup(ports, groupId, options);
}

async function describeCluster(ports: AdminPorts, wait: Wait): ReturnType<Admin["describeCluster"]> {
  if (ports.url === null) return { brokers: [], controller: null, clusterId: ports.namespace };
  const path = "/v1/metadata?topics=";
  const { namespace } = await ports.edge<MetadataAnswer>({ method: "GET", path }, wait);
  const { hostname: host, port, protocol } = new URL(ports.url);
  const standard = protocol === "https:" ? 443 : 80;
  return {
    brokers: [{ nodeId: 0, host, port: port === "" ? standard : Number(port) }],
    controller: 0,
    clusterId: namespace,
  };
}

function waitOf(timeout: number | undefined, signal: AbortSignal | undefined): Wait {
  return { ...(timeout === undefined ? {} : { timeout }), ...(signal === undefined ? {} : { signal }) };
}
