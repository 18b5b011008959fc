/** Groups by one lock, as the worker's desk makes them. */
import { OneTabGroup, type OneTabPorts } from "../../../client/group/one-tab-group.ts";
import type { JoinGroup } from "../../../client/group/group-membership.ts";
import type { GroupOptions } from "../../../client/calls/consumer-calls.ts";

export const GROUP: GroupOptions = {
  coordinator: "device",
  instanceId: null,
  sessionTimeoutMs: 45_000,
  rebalanceTimeoutMs: 60_000,
  heartbeatIntervalMs: 5_000,
  maxPollIntervalMs: 300_000,
  assignors: ["sticky"],
};

export function oneTab(ports: Omit<OneTabPorts, "name" | "groupId">): JoinGroup {
  return ({ groupId }, events) =>
    new OneTabGroup({ ...ports, name: `group:${groupId}`, groupId: groupId ?? "" }, events);
}
