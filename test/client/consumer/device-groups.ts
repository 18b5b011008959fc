/** Groups of a device, as the worker's desk makes them. */
import type { GroupOptions } from "../../../client/calls/consumer-calls.ts";
import { DeviceGroup, type DeviceGroupPorts } from "../../../client/group/device-group.ts";
import type { JoinGroup } from "../../../client/group/group-membership.ts";

export const GROUP: GroupOptions = {
  coordinator: "device",
  instanceId: null,
  sessionTimeoutMs: 45_000,
  rebalanceTimeoutMs: 60_000,
  heartbeatIntervalMs: 5_000,
  maxPollIntervalMs: 300_000,
  assignors: ["sticky"],
};

type Ports = Omit<DeviceGroupPorts, "name" | "groupId" | "rebalanceTimeoutMs" | "maxPollIntervalMs" | "showsPending">;

export function deviceGroups(ports: Ports): JoinGroup {
  return ({ groupId, group, isolation }, events) => {
    const { rebalanceTimeoutMs, maxPollIntervalMs } = group ?? GROUP;
    const own = { name: `group:${groupId}`, groupId: groupId ?? "", rebalanceTimeoutMs, maxPollIntervalMs };
    return new DeviceGroup({ ...ports, ...own, showsPending: isolation === "local" }, events);
  };
}
