/** S02, end to end: each operation by bob with a real token, under each kind of rule. What is refused leaves nothing. */
import { describe, expect, test } from "vitest";
import { ROUTES } from "../../edge/app.ts";
import { NEEDS, ROUTE_NEEDS, type Need } from "../../edge/access/needs.ts";
import type { Acl, AclOperation, ResourceType } from "../../shared/api/acls.ts";
import { readEnvelope } from "../../shared/envelope.ts";
import type { ErrorBody } from "../../shared/strandline-error.ts";
import { errorOf, type Place } from "./edge.ts";
import { aclOf, produceOf, RightsLab, type Asked } from "./rights-lab.ts";

/** `done`, or the code of the refusal. */
type Ending = string;

interface Probe {
  readonly route: string;
  readonly need: Need;
  readonly ask: (place: Place, namespace: string) => Asked;
  /** Where the refusal is not the whole answer. */
  readonly ending?: (response: Response, place: Place) => Promise<Ending>;
  /** What is not asked for by name is as if it were not there, for whoever may not know of it. */
  readonly byId?: true;
  /** A listing leaves out what may not be described, and so says no more than that. */
  readonly leavesOut?: true;
}

const PARTITION = "/v1/topics/:topic/partitions/:partition";
const at = (path: string, { name }: Place): string => path.replace(":topic", name).replace(":partition", "0");

async function firstError(response: Response): Promise<Ending> {
  const { partitions }: { partitions: readonly { readonly error: ErrorBody | null }[] } =
    response.headers.get("content-type") === "application/json"
      ? await response.json()
      : (readEnvelope(new Uint8Array(await response.arrayBuffer())).head as never);
  return partitions[0]?.error?.code ?? "done";
}

async function firstFrame(response: Response): Promise<Ending> {
  const socket = response.webSocket;
  if (socket === null) throw new Error(`${response.status}`);
  socket.accept();
  const came = new Promise<string>((resolve) => {
    socket.addEventListener("message", ({ data }) => {
      const frame = typeof data === "string" ? (JSON.parse(data) as { type: string; error?: ErrorBody }) : null;
      resolve(frame?.error?.code ?? "done");
    });
  });
  const subscription = { offset: 0, leaderEpoch: null, previousCrc: null, windowBytes: 1_000, keyOrder: false };
  socket.send(JSON.stringify({ type: "subscribe", id: 1, ...tailed, ...subscription }));
  const ending = await came;
  socket.close();
  return ending;
}
let tailed: { readonly topicId: string; readonly partition: number };

async function listed(response: Response, { name }: Place): Promise<Ending> {
  const { topics }: { topics: readonly { readonly name: string; readonly error: ErrorBody | null }[] } =
    await response.json();
  const found = topics.find((one) => one.name === name);
  return found === undefined ? "left out" : (found.error?.code ?? "done");
}

/** Who may looks, and finds nothing of that id. */
async function nothingThere(response: Response): Promise<Ending> {
  const { code } = await errorOf(response);
  return code === "NOT_FOUND" ? "done" : code;
}

const get =
  (path: string, headers = {}) =>
  (place: Place): Asked => ({ method: "GET", path: at(path, place), headers });

/** The REST proxy tells by numbers what is refused. */
async function restEnding(response: Response): Promise<Ending> {
  if (response.ok) return "done";
  const { error_code: code }: { error_code: number } = await response.json();
  return code === 40_301 ? "TOPIC_AUTHORIZATION_FAILED" : `${code}`;
}

const rest = (route: string, need: Need, json?: unknown): Probe => ({
  route,
  need,
  ask: (place, namespace) => {
    const [method = "", path = ""] = route.split(" ");
    const query = need === "records" ? "?offset=0" : "";
    return {
      method,
      path: at(path, place).replace(":cluster", namespace) + query,
      ...(json === undefined ? {} : { json }),
    };
  },
  ending: restEnding,
});

const REST_TOPIC = "/kafka-rest/topics/:topic";
const V3 = "/kafka-rest/v3/clusters/:cluster/topics/:topic";

const PROBES: readonly Probe[] = [
  {
    route: "POST /v1/topics/:topic/records",
    need: "produce",
    ask: (place) => ({
      method: "POST",
      path: at("/v1/topics/:topic/records", place),
      json: { value: "a" },
    }),
  },
  {
    route: "GET /kafka-rest/topics",
    need: "describeTopic",
    ask: get("/kafka-rest/topics"),
    ending: async (response, { name }) => ((await response.json<string[]>()).includes(name) ? "done" : "left out"),
    leavesOut: true,
  },
  rest(`GET ${REST_TOPIC}`, "describeTopic"),
  rest(`POST ${REST_TOPIC}`, "produce", { records: [{ value: 1 }] }),
  rest(`GET ${REST_TOPIC}/partitions`, "describeTopic"),
  rest(`GET ${REST_TOPIC}/partitions/:partition`, "describeTopic"),
  rest(`POST ${REST_TOPIC}/partitions/:partition`, "produce", { records: [{ value: 1 }] }),
  rest(`GET ${REST_TOPIC}/partitions/:partition/offsets`, "listOffsets"),
  rest(`GET ${REST_TOPIC}/partitions/:partition/records`, "records"),
  rest(`POST ${V3}/records`, "produce", { value: { type: "STRING", data: "a" } }),
  rest(`POST ${V3}/records:batch`, "produce", { entries: [{ id: "1" }] }),
  {
    route: "POST /v1/produce",
    need: "produce",
    ask: (place) => produceOf(place, "bob's"),
    ending: firstError,
    byId: true,
  },
  {
    route: "POST /v1/fetch",
    need: "fetch",
    ask: ({ topicId, partition }) => {
      const one = { topicId, partition, offset: 0, leaderEpoch: null, previousCrc: null, maxBytes: 1_000 };
      const json = { sessionId: null, maxWaitMs: 0, minBytes: 0, maxBytes: 1_000, partitions: [one] };
      return { method: "POST", path: "/v1/fetch", json };
    },
    ending: firstError,
    byId: true,
  },
  {
    route: "GET /v1/tail",
    need: "tail",
    ask: ({ topicId, partition }) => {
      tailed = { topicId, partition };
      return { method: "GET", path: "/v1/tail", headers: { upgrade: "websocket" } };
    },
    ending: firstFrame,
    byId: true,
  },
  { route: "GET /v1/metadata", need: "describeTopic", ask: get("/v1/metadata?topics=orders"), ending: listed },
  { route: "GET /v1/metadata", need: "describeTopic", ask: get("/v1/metadata"), ending: listed, leavesOut: true },
  { route: "GET /v1/topics", need: "describeTopic", ask: get("/v1/topics"), ending: listed, leavesOut: true },
  {
    route: "POST /v1/topics",
    need: "createTopic",
    ask: ({ name }) => ({ method: "POST", path: "/v1/topics", json: { name: `${name}-of-bob` } }),
  },
  { route: "GET /v1/topics/:topic", need: "describeTopic", ask: get("/v1/topics/:topic") },
  {
    route: "PATCH /v1/topics/:topic",
    need: "alterTopic",
    ask: (place) => ({
      method: "PATCH",
      path: at("/v1/topics/:topic", place),
      json: { config: { "retention.ms": "1000" } },
    }),
  },
  {
    route: "DELETE /v1/topics/:topic",
    need: "deleteTopic",
    ask: (place) => ({ method: "DELETE", path: at("/v1/topics/:topic", place) }),
  },
  {
    route: "POST /v1/topics/:topic/partitions",
    need: "growTopic",
    ask: (place) => ({ method: "POST", path: at("/v1/topics/:topic/partitions", place), json: { partitionCount: 3 } }),
  },
  { route: `GET ${PARTITION}/records`, need: "records", ask: get(`${PARTITION}/records`) },
  {
    route: `GET ${PARTITION}/records`,
    need: "tail",
    ask: get(`${PARTITION}/records`, { accept: "text/event-stream" }),
    ending: async (response) => {
      if (!response.ok) return ((await response.json()) as { error: ErrorBody }).error.code;
      await response.body?.cancel();
      return "done";
    },
  },
  {
    route: `DELETE ${PARTITION}/records`,
    need: "deleteRecords",
    ask: (place) => ({ method: "DELETE", path: `${at(PARTITION, place)}/records?before=latest` }),
  },
  { route: `GET ${PARTITION}/offsets`, need: "listOffsets", ask: get(`${PARTITION}/offsets?at=latest`) },
  {
    route: `POST ${PARTITION}/reconcile`,
    need: "reconcile",
    ask: (place) => ({
      method: "POST",
      path: `${at(PARTITION, place)}/reconcile`,
      json: {
        ...{ topicId: place.topicId, producerKey: "ab".repeat(16), from: 0 },
        ...{ batches: [{ count: 1, crc: 1 }], giveUp: true },
      },
    }),
  },
  {
    route: "DELETE /v1/topics/:topic/records",
    need: "erase",
    ask: (place) => ({ method: "DELETE", path: at("/v1/topics/:topic/records?key=a", place) }),
  },
  { route: "GET /v1/revocations", need: "describeRevocations", ask: get("/v1/revocations") },
  {
    route: "POST /v1/revocations",
    need: "revoke",
    ask: () => ({ method: "POST", path: "/v1/revocations", json: { credentialId: "nobody's" } }),
  },
  {
    route: "DELETE /v1/revocations/:revocation",
    need: "revoke",
    ask: () => ({ method: "DELETE", path: "/v1/revocations/none" }),
    ending: nothingThere,
  },
  { route: "GET /v1/acls", need: "describeAcls", ask: get("/v1/acls") },
  {
    route: "POST /v1/acls",
    need: "alterAcls",
    ask: () => ({ method: "POST", path: "/v1/acls", json: { acls: [aclOf({ operation: "ALL" })] } }),
  },
  {
    route: "DELETE /v1/acls",
    need: "alterAcls",
    ask: () => ({ method: "DELETE", path: "/v1/acls?principal=User:nobody" }),
  },
  { route: "GET /v1/quotas", need: "describeQuotas", ask: get("/v1/quotas") },
  {
    route: "PUT /v1/quotas",
    need: "alterQuotas",
    ask: () => ({ method: "PUT", path: "/v1/quotas", json: { entity: "User:ann", quotas: { request_rate: 7 } } }),
  },
  { route: "GET /metrics", need: "metrics", ask: get("/metrics") },
];

test("S02: every route has a row in the table of rights, and every row a probe", () => {
  const routes = ROUTES.map(([method, path]) => `${method} ${path}`);
  expect(Object.keys(ROUTE_NEEDS).toSorted()).toEqual(routes.toSorted());
  const guarded = routes.filter((route) => (ROUTE_NEEDS[route]?.length ?? 0) > 0);
  expect([...new Set(PROBES.map(({ route }) => route))].toSorted()).toEqual(guarded.toSorted());
  for (const { route, need } of PROBES) if (need !== "tail") expect(ROUTE_NEEDS[route]?.[0]).toBe(need);
});

interface Rule {
  readonly name: string;
  readonly acls: readonly Partial<Acl>[];
  readonly scope?: string;
  readonly may: boolean;
}

/** Of the right to do `operation`. */
function rulesOf(resourceType: ResourceType, operation: AclOperation): readonly Rule[] {
  const isTopic = resourceType === "TOPIC";
  const [named, prefix, other] = isTopic ? ["orders", "ord", "bills"] : ["kafka-cluster", "kafka-cluster", null];
  const own = { resourceType, resourceName: named, operation };
  const prefixed = { ...own, resourceName: prefix, patternType: "PREFIXED" } as const;
  const scope = isTopic ? `topic:orders*:${operation.toLowerCase()}` : `cluster:${operation.toLowerCase()}`;
  return [
    { name: "nothing", acls: [], may: false },
    // A topic that is to be made is called orders-of-bob.
    {
      name: "an allow of everything of its kind",
      acls: [{ ...own, ...(isTopic ? { resourceName: "*" } : {}) }],
      may: true,
    },
    { name: "an allow of a prefix", acls: [prefixed], may: true },
    { name: "an allow of ALL", acls: [{ ...prefixed, operation: "ALL" }], may: true },
    { name: "an allow of everybody", acls: [{ ...prefixed, principal: "User:*" }], may: true },
    { name: "an allow of its token", acls: [], scope, may: true },
    { name: "an allow of somebody else", acls: [{ ...prefixed, principal: "User:Bob" }], may: false },
    ...(other === null ? [] : [{ name: "an allow of another", acls: [{ ...own, resourceName: other }], may: false }]),
    { name: "a deny over an allow", acls: [prefixed, { ...prefixed, permissionType: "DENY" }], may: false },
    {
      name: "a deny of everybody over an allow of its token",
      acls: [{ ...prefixed, principal: "User:*", permissionType: "DENY" }],
      scope,
      may: false,
    },
  ];
}

const IMPLY_DESCRIBE: readonly AclOperation[] = ["READ", "WRITE", "DELETE", "ALTER", "DESCRIBE"];

const CASES = PROBES.flatMap((probe) =>
  NEEDS[probe.need].flatMap(([resourceType, operation]) =>
    rulesOf(resourceType, operation).map((rule) => ({ probe, resourceType, operation, rule })),
  ),
);

/** Whether the rules of a case leave DESCRIBE on the topic. */
function describes({ operation, resourceType, rule }: (typeof CASES)[number]): boolean {
  const isHeld = rule.name.includes("over") && IMPLY_DESCRIBE.includes(operation) && operation !== "DESCRIBE";
  return resourceType === "TOPIC" && isHeld;
}

/** What a refused call answers, by the table. */
function refusalOf(one: (typeof CASES)[number]): Ending {
  const { probe } = one;
  if (probe.leavesOut === true) return "left out";
  if (probe.byId === true) return describes(one) ? "TOPIC_AUTHORIZATION_FAILED" : "UNKNOWN_TOPIC_ID";
  const isOfTopic = NEEDS[probe.need].some(([type]) => type === "TOPIC");
  return isOfTopic ? "TOPIC_AUTHORIZATION_FAILED" : "CLUSTER_AUTHORIZATION_FAILED";
}

describe.each(CASES.map((one) => ({ ...one, name: `${one.probe.route} by ${one.operation} on ${one.resourceType}` })))(
  "S02: $name",
  (one) => {
    test(`with ${one.rule.name}`, async () => {
      const { probe, rule } = one;
      const lab = new RightsLab();
      const place = await lab.topic("orders");
      if (rule.acls.length > 0) await lab.allow(...rule.acls);
      const before = await lab.world(place);
      const response = await lab.as("bob", probe.ask(place, lab.namespace), rule.scope);
      const ending =
        probe.ending === undefined
          ? response.ok
            ? "done"
            : ((await response.json()) as { error: ErrorBody }).error.code
          : await probe.ending(response, place);
      // Reconciling asks for either right: whoever is denied the one by what allows the other may.
      const may = rule.may || (probe.need === "reconcile" && describes(one));
      expect(ending).toBe(may ? "done" : refusalOf(one));
      if (!may) expect(await lab.world(place)).toEqual(before);
    });
  },
);
