/** Groups as a whole: those of the edge, and what a device knows of its own. */
import type {
  GroupDescription as EdgeDescription,
  GroupLag as EdgeLag,
  GroupList,
  TopicPartitions,
} from "../../../shared/api/groups.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import type {
  DeletedGroup,
  DeleteGroupsError,
  GroupDescription,
  GroupLag,
  GroupOverview,
  OfCoordinator,
  TopicOfGroup,
} from "./group-types.ts";
import { unsupported, type AdminPorts, type Wait } from "./ports.ts";

type Options = Wait & OfCoordinator;

export async function listGroups(ports: AdminPorts, options: Options): Promise<{ groups: GroupOverview[] }> {
  if (isAtEdge(ports, options)) {
    const { groups } = await ports.edge<GroupList>({ method: "GET", path: "/v1/groups" }, options);
    return { groups: [...groups] };
  }
  const names = await ports.call((api) => api.deviceGroups(), options);
  return { groups: names.map((groupId) => ({ groupId, protocolType: "consumer" })) };
}

export async function describeGroups(
  ports: AdminPorts,
  groupIds: readonly string[],
  options: Options,
): Promise<{ groups: GroupDescription[] }> {
  checkGroups(groupIds);
  return { groups: await Promise.all(groupIds.map((groupId) => describeGroup(ports, groupId, options))) };
}

export async function describeGroup(ports: AdminPorts, groupId: string, wait: Options): Promise<GroupDescription> {
  checkGroup(groupId);
  demandEdge(ports, "describeGroups", wait);
  const head = { groupId, protocolType: "consumer", errorCode: 0 } as const;
  const described = await ports.edge<EdgeDescription>({ method: "GET", path: groupPath(groupId) }, wait).catch(ifKnown);
  if (described === null) return { ...head, protocol: "", state: "Dead", groupEpoch: 0, members: [] };
  const { state, groupEpoch, assignor, topics, members } = described;
  const names = new Map(topics.map(({ topicId, topic }) => [topicId, topic]));
  const named = (all: readonly TopicPartitions[]): TopicOfGroup[] =>
    all.map(({ topicId, partitions }) => ({ topic: names.get(topicId) ?? topicId, partitions }));
  return {
    ...{ ...head, protocol: assignor, state, groupEpoch },
    members: members.map(({ memberId, clientId, instanceId, memberEpoch, subscription, assignment, target }) => ({
      ...{ memberId, clientId, groupInstanceId: instanceId, memberEpoch, subscription },
      ...{ memberAssignment: named(assignment), targetAssignment: named(target) },
    })),
  };
}

export async function deleteGroups(
  ports: AdminPorts,
  groupIds: readonly string[],
  options: Options,
): Promise<DeletedGroup[]> {
  checkGroups(groupIds);
  demandEdge(ports, "deleteGroups", options);
  const groups = await Promise.all(
    groupIds.map(async (groupId): Promise<DeletedGroup> => {
      try {
        await ports.edge({ method: "DELETE", path: groupPath(groupId) }, options);
        return { groupId, errorCode: 0 };
      } catch (error) {
        if (!(error instanceof StrandlineError)) throw error;
        return { groupId, errorCode: error.errno, error };
      }
    }),
  );
  const refused = groups.find(({ error }) => error !== undefined)?.error;
  if (refused === undefined) return groups;
  // Another error than the one in the list: loggers write it as JSON, which has no cycles.
  const told = StrandlineError.fromBody(refused.toBody());
  throw Object.assign(told, { groups }) satisfies DeleteGroupsError;
}

export async function groupLag(ports: AdminPorts, groupId: string, options: Options): Promise<GroupLag> {
  checkGroup(groupId);
  if (!isAtEdge(ports, options)) {
    const lag = await ports.call((api) => api.deviceGroupLag(groupId), options).catch(ifKnown);
    if (lag === null) throw noGroupHere(groupId);
    return lag;
  }
  return await ports.edge<EdgeLag>({ method: "GET", path: groupPath(groupId, "/lag") }, options);
}

/** It may well be at the edge, and the word for that forgotten. */
export function noGroupHere(groupId: string): StrandlineError {
  const said = `${JSON.stringify(groupId)} on this device; coordinator 'edge' asks the edge for one`;
  return new StrandlineError("GROUP_ID_NOT_FOUND", said, { groupId });
}

/** Throws `INVALID_ARGUMENT`. */
export function isAtEdge(ports: AdminPorts, { coordinator = ports.coordinator }: OfCoordinator): boolean {
  const given: string = coordinator;
  if (given === "edge" || given === "device") return given === "edge";
  throw new StrandlineError("INVALID_ARGUMENT", `coordinator ${JSON.stringify(given)}: 'device' or 'edge'`, {
    coordinator: String(given),
  });
}

function demandEdge(ports: AdminPorts, what: string, options: OfCoordinator): void {
  if (!isAtEdge(ports, options))
    throw unsupported(`${what}: of groups at the edge alone, as coordinator 'edge' says; a device's are its own`);
}

export function checkGroup(groupId: string): void {
  if (typeof groupId !== "string" || groupId === "")
    throw new StrandlineError("INVALID_ARGUMENT", `groupId ${JSON.stringify(groupId)}: text that is not empty`, {
      groupId: String(groupId),
    });
}

function checkGroups(groupIds: readonly string[]): void {
  if (!Array.isArray(groupIds))
    throw new StrandlineError("INVALID_ARGUMENT", `groupIds ${JSON.stringify(groupIds)}: a list of names`, {
      groupIds: String(groupIds),
    });
  groupIds.forEach(checkGroup);
}

export function groupPath(groupId: string, rest = ""): string {
  return `/v1/groups/${encodeURIComponent(groupId)}${rest}`;
}

/** Null: there is no such group. */
export function ifKnown(error: unknown): null {
  if (error instanceof StrandlineError && error.code === "GROUP_ID_NOT_FOUND") return null;
  throw error;
}
