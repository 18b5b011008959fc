/** The rows of the table of rights that are about consumers of the REST proxy. The group is called as the topic is. */
import type { Need } from "../../edge/access/needs.ts";
import { aclOf, type RightsLab } from "./rights-lab.ts";
import type { Probe } from "./rights-probes.ts";

const GROUP = "/kafka-rest/consumers/:group";
const INSTANCE = `${GROUP}/instances/:instance`;

const PLACE = { topic: "orders", partition: 0 };
const PARTITIONS = { partitions: [PLACE] };
const OFFSETS = { offsets: [{ ...PLACE, offset: 0 }] };

/** So that the topic alone is what is asked about. */
async function mayJoin(lab: RightsLab): Promise<void> {
  await lab.allow(aclOf({ resourceType: "GROUP" }));
}

/** Who may is told that there is no such instance. */
const ending =
  (need: Need) =>
  async (response: Response): Promise<string> => {
    if (response.ok) return "done";
    const { error_code: code }: { error_code: number } = await response.json();
    if (code !== 40_301) return code === 40_403 ? "done" : `${code}`;
    return need === "joinGroup" ? "GROUP_AUTHORIZATION_FAILED" : "TOPIC_AUTHORIZATION_FAILED";
  };

const probe = (route: string, json?: unknown, need: Need = "joinGroup"): Probe => ({
  ...{ route, need, ending: ending(need) },
  ask: () => {
    const [method = "", pattern = ""] = route.split(" ");
    const path = pattern.replace(":group", "orders").replace(":instance", "mine");
    return { method, path, ...(json === undefined ? {} : { json }) };
  },
  ...(need === "joinGroup" ? {} : { prepare: mayJoin }),
});

export const REST_CONSUMER_PROBES: readonly Probe[] = [
  probe(`POST ${GROUP}`, { name: "mine" }),
  probe(`DELETE ${INSTANCE}`),
  probe(`POST ${INSTANCE}/subscription`, { topic_pattern: "orders" }),
  probe(`POST ${INSTANCE}/subscription`, { topics: ["orders"] }, "groupTopics"),
  probe(`GET ${INSTANCE}/subscription`),
  probe(`DELETE ${INSTANCE}/subscription`),
  probe(`POST ${INSTANCE}/assignments`, { partitions: [] }),
  probe(`POST ${INSTANCE}/assignments`, PARTITIONS, "groupTopics"),
  probe(`GET ${INSTANCE}/assignments`),
  probe(`GET ${INSTANCE}/records`),
  probe(`POST ${INSTANCE}/offsets`),
  probe(`POST ${INSTANCE}/offsets`, OFFSETS, "groupTopics"),
  probe(`GET ${INSTANCE}/offsets`),
  probe(`POST ${INSTANCE}/positions`, OFFSETS),
  probe(`POST ${INSTANCE}/positions/beginning`, PARTITIONS),
  probe(`POST ${INSTANCE}/positions/end`, PARTITIONS),
];
