/** The rows of the table of rights that are about groups. The group is called as the topic is. */
import type { Need } from "../../edge/access/needs.ts";
import type { GroupLag, GroupList, GroupOffsets } from "../../shared/api/groups.ts";
import type { ErrorBody } from "../../shared/strandline-error.ts";
import type { Place } from "./edge.ts";
import { aclOf, type Asked, type RightsLab } from "./rights-lab.ts";
import type { Probe } from "./rights-probes.ts";

const GROUP = "/v1/groups/:group";
const AT = "/v1/groups/orders";

/** It exists, and is empty. */
async function made(lab: RightsLab): Promise<void> {
  const json = { topics: ["orders"], to: "latest" };
  await lab.asAdmin({ method: "POST", path: `${AT}/offsets/reset`, json });
}

/** So that the topic alone is what is asked about. */
const madeFor =
  (operation: "READ" | "DESCRIBE") =>
  async (lab: RightsLab): Promise<void> => {
    await made(lab);
    await lab.allow(aclOf({ resourceType: "GROUP", operation }));
  };

/** One that does not need it has a topic that may be read. */
const post =
  (path: string, json: (place: Place) => object) =>
  (place: Place): Asked => ({ method: "POST", path: `${AT}${path}`, json: json(place) });

const beat = post("/heartbeat", ({ name }) => ({
  ...{ memberId: "A".repeat(22), memberEpoch: 0, owned: [] },
  subscription: { topics: [name], patterns: [] },
}));
const beatOfNothing = post("/heartbeat", () => ({
  ...{ memberId: "A".repeat(22), memberEpoch: 0, owned: [] },
  subscription: { topics: [], patterns: [] },
}));
const leave = post("/leave", () => ({ memberId: "A".repeat(22) }));
const commit = post("/offsets", ({ topicId, partition }) => ({
  ...{ memberId: null, memberEpoch: 0, commit: 0 },
  offsets: [{ topicId, partition, offset: 0 }],
}));
const reset = post("/offsets/reset", ({ name }) => ({ topics: [name], to: "earliest" }));
const resetAll = post("/offsets/reset", () => ({ to: "earliest", dryRun: true }));

async function codeOf(response: Response): Promise<string> {
  return response.ok ? "done" : ((await response.json()) as { error: ErrorBody }).error.code;
}

/** Who may is told that this member is none of its own; or of the partition alone. */
async function pastTheGroup(response: Response): Promise<string> {
  const code = await codeOf(response);
  return code === "UNKNOWN_MEMBER_ID" ? "done" : code;
}

async function firstCommitted(response: Response): Promise<string> {
  if (!response.ok) return await codeOf(response);
  const { offsets }: { offsets: readonly { readonly error: ErrorBody | null }[] } = await response.json();
  return offsets[0]?.error?.code ?? "done";
}

async function shown(response: Response): Promise<string> {
  const { offsets }: GroupOffsets = await response.json();
  return offsets.length > 0 ? "done" : "left out";
}

const of = (route: string, need: Need, ask: Probe["ask"], more: Partial<Probe> = {}): Probe => ({
  ...{ route, need, ask, prepare: made },
  ...more,
});

const get =
  (path: string, method = "GET") =>
  (): Asked => ({ method, path });

export const GROUP_PROBES: readonly Probe[] = [
  of("GET /v1/groups", "describeGroup", get("/v1/groups"), {
    leavesOut: true,
    ending: async (response) => (((await response.json()) as GroupList).groups.length > 0 ? "done" : "left out"),
  }),
  of(`GET ${GROUP}`, "describeGroup", get(AT)),
  of(`DELETE ${GROUP}`, "deleteGroup", get(AT, "DELETE")),
  of(`GET ${GROUP}/lag`, "describeGroup", get(`${AT}/lag`)),
  of(`GET ${GROUP}/lag`, "describeGroupTopics", get(`${AT}/lag`), {
    ...{ prepare: madeFor("DESCRIBE"), leavesOut: true },
    ending: async (response) => (((await response.json()) as GroupLag).partitions.length > 0 ? "done" : "left out"),
  }),
  of(`POST ${GROUP}/heartbeat`, "joinGroup", beatOfNothing),
  of(`POST ${GROUP}/heartbeat`, "groupTopics", beat, { prepare: madeFor("READ") }),
  of(`POST ${GROUP}/leave`, "joinGroup", leave, { ending: pastTheGroup }),
  of(`GET ${GROUP}/offsets`, "describeGroup", get(`${AT}/offsets`)),
  of(`GET ${GROUP}/offsets`, "describeGroupTopics", get(`${AT}/offsets`), {
    ...{ prepare: madeFor("DESCRIBE"), ending: shown, leavesOut: true },
  }),
  of(`POST ${GROUP}/offsets`, "joinGroup", commit, {
    ending: async (response) => (response.ok ? "done" : await codeOf(response)),
  }),
  of(`POST ${GROUP}/offsets`, "groupTopics", commit, {
    ...{ prepare: madeFor("READ"), ending: firstCommitted, byId: true },
  }),
  of(`POST ${GROUP}/offsets/reset`, "joinGroup", resetAll),
  of(`POST ${GROUP}/offsets/reset`, "groupTopics", reset, { prepare: madeFor("READ") }),
];
