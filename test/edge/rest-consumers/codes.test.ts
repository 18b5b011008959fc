/** What is refused, with each number and each code that the routes of the REST proxy's consumers tell of. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createApp, ROUTES } from "../../../edge/app.ts";
import type { Env } from "../../../edge/env.ts";
import { ERRORS, type ErrorCode } from "../../../shared/error-table.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { runBytesOf, sql, within } from "../aged-log.ts";
import { checkAnswer } from "../answer-check.ts";
import { controller } from "../controller.ts";
import { call, evict, newPlace, type Place } from "../edge.ts";
import { evictGroup } from "../groups/group-lab.ts";
import { SAMPLES } from "../route-samples.ts";
import { consumerObject, post, produce, RestClient, restErrorOf } from "./consumer-lab.ts";

const EDGE: Env = env;
const FACE = "/kafka-rest/consumers/";

let place: Place;
beforeEach(async () => void (place = await newPlace()));
afterEach(() => void vi.restoreAllMocks());

function answering(code: ErrorCode, but: readonly string[] = []): string[] {
  return ROUTES.flatMap(([method, path, { doc }]) => {
    const route = `${method} ${path}`;
    return path.startsWith(FACE) && doc.errors.includes(code) && !but.includes(route) ? [route] : [];
  });
}

const INSTANCE = `${FACE}:group/instances/:instance`;

interface Asking {
  readonly group?: string;
  readonly instance?: string;
  readonly settings?: Partial<Env>;
}

/** The route's sample, of that topic. */
async function ask(route: string, { group = "g", instance = "i", settings }: Asking = {}): Promise<Response> {
  const [method = "", pattern = ""] = route.split(" ");
  const path = pattern.replace(":group", encodeURIComponent(group)).replace(":instance", encodeURIComponent(instance));
  const { body, headers = {} } = SAMPLES.get(route) ?? {};
  const text = typeof body === "string" ? { body: body.replaceAll('"orders"', `"${place.name}"`) } : {};
  const request = new Request(`http://localhost${path}`, { method, headers, ...text });
  const response = await createApp().fetch(request, { ...EDGE, ...settings }, createExecutionContext());
  await checkAnswer({ method, path }, response);
  return response;
}

async function refused(response: Response, code: ErrorCode, number: number): Promise<void> {
  const error = await restErrorOf(response);
  expect(error).toMatchObject({ error_code: number, message: expect.stringContaining(ERRORS[code].sentence) });
  expect(error.status).toBe(number < 1_000 ? number : Math.floor(number / 100));
}

/** Has partition 0 of the place. */
async function assigned(config: object = {}): Promise<RestClient> {
  const client = await RestClient.create({ config });
  await client.assign(place.name, 0);
  return client;
}

describe.each(answering("INVALID_GROUP_ID"))("%s", (route) => {
  test("refuses names of groups that are none", async () => {
    for (const group of ["x".repeat(250), "a\u0000b"])
      await refused(await ask(route, { group }), "INVALID_GROUP_ID", 400);
  });

  test("50003: says so where the instance cannot be reached", async () => {
    vi.spyOn(console, "warn").mockReturnValue();
    const broken = {
      idFromName: () => "",
      get: () => {
        throw new Error("the object is gone");
      },
    } as never;
    await refused(await ask(route, { settings: { REST_CONSUMER: broken } }), "COORDINATOR_NOT_AVAILABLE", 50003);
  });
});

test.each(answering("NOT_FOUND"))("40403: %s of an instance that is not there", async (route) => {
  await refused(await ask(route), "NOT_FOUND", 40403);
});

test.each(answering("REQUEST_TIMED_OUT"))("40801: %s that others come in between of again and again", async (route) => {
  const client = await RestClient.create();
  await (route.includes("subscription") ? client.subscribe(place.name) : client.assign(place.name, 0));
  await produce(place.name, 0, "a");
  const object = consumerObject(client);
  const { group, instance } = client;
  const crowded = {
    idFromName: () => "",
    get: () => ({
      read: async (...asked: Parameters<typeof object.read>) => await object.read(...asked),
      write: () => Promise.resolve({ ok: true, value: false }),
    }),
  } as never;
  await refused(
    await ask(route, { group, instance, settings: { REST_CONSUMER: crowded } }),
    "REQUEST_TIMED_OUT",
    40801,
  );
});

test.each(answering("UNSUPPORTED_MEDIA_TYPE"))("415: %s with a body of a type that is not taken", async (route) => {
  const client = await assigned();
  const path = route.includes(":instance") ? client.path + route.split(":instance")[1] : `${FACE}${client.group}`;
  await refused(await post(path, {}, "text/plain"), "UNSUPPORTED_MEDIA_TYPE", 415);
});

describe("a topic", () => {
  test.each(answering("UNKNOWN_TOPIC_OR_PARTITION", [`GET ${INSTANCE}/offsets`]))(
    "40401, 40402: %s of one that is not there, or has no such partition",
    async (route) => {
      const client = await assigned();
      const [, rest = ""] = route.split(":instance");
      for (const [one, number] of [
        [{ topic: "nobody", partition: 0 }, 40401],
        [{ topic: place.name, partition: 9 }, 40402],
      ] as const) {
        const json = { ...(rest === "/offsets" ? { offsets: [{ ...one, offset: 0 }] } : { partitions: [one] }) };
        await refused(await post(client.path + rest, json), "UNKNOWN_TOPIC_OR_PARTITION", number);
      }
    },
  );

  test("40401: of which an instance has partitions is deleted", async () => {
    const client = await assigned();
    await call(`/v1/topics/${place.name}`, { method: "DELETE" });
    await refused(await client.ask("/offsets"), "UNKNOWN_TOPIC_OR_PARTITION", 40401);
  });

  test.each(answering("UNKNOWN_TOPIC_ID"))("40401: %s of one that was deleted, unheard", async (route) => {
    await produce(place.name, 0, "a");
    const client = await assigned({ "auto.commit.enable": false });
    // Whether it has offsets is only asked of partitions where the group is.
    await produced(client);
    expect(await controller().deleteTopic(place.name)).toMatchObject({ ok: true });
    await refused(await ask(route, client), "UNKNOWN_TOPIC_ID", 40401);
  });

  test.each(answering("KAFKA_STORAGE_ERROR"))("50003: %s of one that cannot read its storage", async (route) => {
    vi.spyOn(console, "error").mockReturnValue();
    await produce(place.name, 0, "a");
    const client = await assigned({ "auto.commit.enable": false });
    await produced(client);
    await sql(place, "UPDATE meta SET version = 99");
    await evict(place);
    await refused(await ask(route, client), "KAFKA_STORAGE_ERROR", 50003);
  });

  /** The group is made. */
  async function produced(client: RestClient): Promise<void> {
    expect(await client.values(1)).toEqual(["a"]);
    expect((await client.post("/offsets")).status).toBe(200);
  }

  test("that was deleted is none of a subscribed consumer's own", async () => {
    await produce(place.name, 0, "a");
    const client = await RestClient.create();
    await client.subscribe(place.name);
    await client.values(1);
    expect(await controller().deleteTopic(place.name)).toMatchObject({ ok: true });
    expect(await client.poll()).toEqual([]);
  });

  test("whose name is none is refused in a subscription", async () => {
    const client = await RestClient.create();
    await refused(await client.post("/subscription", { topics: ["no/topic"] }), "INVALID_TOPIC_EXCEPTION", 400);
  });
});

test("40902: a name that is taken", async () => {
  const client = await RestClient.create({ config: { name: "one" } });
  const again = await post(FACE + client.group, { name: "one" });
  await refused(again, "UNRELEASED_INSTANCE_ID", 40902);
  await client.delete();
  await RestClient.create({ group: client.group, config: { name: "one" } });
});

test("40901: a pattern where topics are subscribed to, and topics where a pattern is", async () => {
  for (const [first, second] of [
    [{ topics: ["a"] }, { topic_pattern: "a.*" }],
    [{ topic_pattern: "a.*" }, { topics: ["a"] }],
  ]) {
    const client = await RestClient.create();
    expect((await client.post("/subscription", first)).status).toBe(204);
    await refused(await client.post("/subscription", second), "UNSUPPORTED_OPERATION", 40901);
    expect((await client.post("/subscription", { topics: [] })).status).toBe(204);
    expect((await client.post("/subscription", second)).status).toBe(204);
  }
});

test("40903: what a consumer cannot do as it stands", async () => {
  const at = { topic: place.name, partition: 0 };
  const neither = await RestClient.create();
  await refused(await neither.ask("/records"), "UNSUPPORTED_OPERATION", 40903);
  const one = await assigned();
  for (const json of [{ topics: [place.name] }, { topic_pattern: "a" }, { topics: ["a"], topic_pattern: "a" }])
    await refused(await one.post("/subscription", json), "UNSUPPORTED_OPERATION", 40903);
  const other = await RestClient.create();
  await other.subscribe(place.name);
  await refused(await other.post("/assignments", { partitions: [at] }), "UNSUPPORTED_OPERATION", 40903);
  for (const [path, json] of [
    ["/positions", { offsets: [{ ...at, offset: 0 }] }],
    ["/positions/beginning", { partitions: [at] }],
    ["/positions/end", { partitions: [at] }],
  ] as const)
    await refused(await other.post(path, json), "UNSUPPORTED_OPERATION", 40903);
});

describe("a commit", () => {
  test("40903: of no member, while the group has one", async () => {
    const client = await RestClient.create();
    await client.subscribe(place.name);
    await client.poll();
    const stranger = await RestClient.create({ group: client.group });
    const offsets = [{ topic: place.name, partition: 0, offset: 0 }];
    await refused(await stranger.post("/offsets", { offsets }), "NON_EMPTY_GROUP", 40903);
  });

  test("50002: of a partition that is another's, or nobody's", async () => {
    const other = await newPlace();
    const [one, two] = [await RestClient.create(), other];
    await one.subscribe(place.name);
    await one.poll();
    const rival = await RestClient.create({ group: one.group });
    await rival.subscribe(two.name);
    await rival.poll();
    const of = (topic: string): object => ({ offsets: [{ topic, partition: 0, offset: 0 }] });
    await refused(await one.post("/offsets", of(two.name)), "FENCED_MEMBER_EPOCH", 50002);
    const third = await newPlace();
    await refused(await one.post("/offsets", of(third.name)), "UNKNOWN_MEMBER_ID", 50002);
  });

  test("beyond the log, or with too long a text", async () => {
    await produce(place.name, 0, "a");
    const client = await RestClient.create();
    await client.subscribe(place.name);
    await client.values(1);
    const at = { topic: place.name, partition: 0 };
    const beyond = { offsets: [{ ...at, offset: 5 }] };
    await refused(await client.post("/offsets", beyond), "OFFSET_OUT_OF_RANGE", 416);
    const long = { offsets: [{ ...at, offset: 0, metadata: "x".repeat(5_000) }] };
    await refused(await client.post("/offsets", long), "OFFSET_METADATA_TOO_LARGE", 400);
  });
});

test("a group, or a namespace, that is full", async () => {
  const member = await RestClient.create();
  await member.subscribe(place.name);
  await member.poll();
  const { groupMembersMax, groupsPerNamespaceMax } = LIMITS;
  Object.assign(LIMITS, { groupMembersMax: 1, groupsPerNamespaceMax: 1 });
  try {
    await evictGroup(member.group);
    const second = await RestClient.create({ group: member.group });
    await second.subscribe(place.name);
    await refused(await second.ask("/records"), "GROUP_MAX_SIZE_REACHED", 409);
    const alone = await RestClient.create();
    await alone.subscribe(place.name);
    await refused(await alone.ask("/records"), "POLICY_VIOLATION", 409);
    const offsets = [{ topic: place.name, partition: 0, offset: 0 }];
    const nobody = await RestClient.create();
    await refused(await nobody.post("/offsets", { offsets }), "POLICY_VIOLATION", 409);
  } finally {
    Object.assign(LIMITS, { groupMembersMax, groupsPerNamespaceMax });
  }
});

describe("a poll", () => {
  test.each([
    ["application/vnd.kafka.binary.v2+json", {}],
    ["application/vnd.kafka.json.v2+json", { format: "binary" }],
    ["application/vnd.kafka.avro.v2+json", {}],
  ])("40601: for %s of a consumer with %j", async (accept, config) => {
    const client = await assigned(config);
    await refused(await client.ask("/records", { headers: { accept } }), "NOT_ACCEPTABLE", 40601);
  });

  test("50002: of records that are damaged at rest, which can be passed by", async () => {
    vi.spyOn(console, "error").mockReturnValue();
    await produce(place.name, 0, "a");
    await produce(place.name, 0, "b");
    const [bytes = new Uint8Array()] = await runBytesOf(place);
    bytes.set([(bytes.at(-1) ?? 0) ^ 1], bytes.length - 1);
    await within(
      place,
      (_, { storage }) =>
        void storage.sql.exec("UPDATE runs SET bytes = ? WHERE rowid = (SELECT MIN(rowid) FROM runs)", bytes.buffer),
    );
    await evict(place);
    const client = await assigned();
    await refused(await client.ask("/records"), "CORRUPT_MESSAGE", 50002);
    await client.post("/positions", { offsets: [{ topic: place.name, partition: 0, offset: 1 }] });
    expect(await client.values(1)).toEqual(["b"]);
  });
});
