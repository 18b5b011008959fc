/** S02: how each operation is asked for, and what it answers: a probe for every row of the table of rights. */
import type { Need } from "../../edge/access/needs.ts";
import { readEnvelope } from "../../shared/envelope.ts";
import type { ErrorBody } from "../../shared/strandline-error.ts";
import { errorOf, type Place } from "./edge.ts";
import { GROUP_PROBES } from "./group-probes.ts";
import { REST_CONSUMER_PROBES } from "./rest-consumer-probes.ts";
import { aclOf, produceOf, type Asked, type RightsLab } from "./rights-lab.ts";

/** `done`, or the code of the refusal. */
export type Ending = string;

export interface Probe {
  readonly route: string;
  readonly need: Need;
  readonly ask: (place: Place, namespace: string) => Asked;
  /** What is to be there before. */
  readonly prepare?: (lab: RightsLab) => Promise<void>;
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

let keyId: string;

async function makeKey(lab: RightsLab): Promise<void> {
  const asked = { method: "POST", path: "/v1/ingest-keys", json: { topic: "orders" } };
  ({ id: keyId } = await lab.asAdmin<{ id: string }>(asked));
}

async function foundOrNot(response: Response): Promise<Ending> {
  if (response.ok) return "done";
  const { code } = await errorOf(response);
  return code === "NOT_FOUND" ? "left out" : code;
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

export const PROBES: readonly Probe[] = [
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
  {
    route: "POST /v1/ingest-keys",
    need: "ingestKeys",
    ask: ({ name }) => ({ method: "POST", path: "/v1/ingest-keys", json: { topic: name } }),
  },
  {
    route: "GET /v1/ingest-keys",
    need: "ingestKeys",
    prepare: makeKey,
    ask: get("/v1/ingest-keys"),
    leavesOut: true,
    ending: async (response) => {
      const { keys }: { keys: readonly { readonly id: string }[] } = await response.json();
      return keys.some(({ id }) => id === keyId) ? "done" : "left out";
    },
  },
  {
    route: "PATCH /v1/ingest-keys/:id",
    need: "ingestKeys",
    prepare: makeKey,
    ask: () => ({ method: "PATCH", path: `/v1/ingest-keys/${keyId}`, json: { disabled: true } }),
    leavesOut: true,
    ending: foundOrNot,
  },
  {
    route: "DELETE /v1/ingest-keys/:id",
    need: "ingestKeys",
    prepare: makeKey,
    ask: () => ({ method: "DELETE", path: `/v1/ingest-keys/${keyId}` }),
    leavesOut: true,
    ending: foundOrNot,
  },
  ...GROUP_PROBES,
  ...REST_CONSUMER_PROBES,
  { route: "GET /metrics", need: "metrics", ask: get("/metrics") },
];
