/** What many routes answer alike, asked of each of them: by the codes that their rows tell of. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { createApp, ROUTES } from "../../edge/app.ts";
import type { Env } from "../../edge/env.ts";
import { faceAt } from "../../edge/faces.ts";
import { ERRORS, type ErrorCode } from "../../shared/error-table.ts";
import { checkAnswer } from "./answer-check.ts";
import { sql } from "./aged-log.ts";
import { controller } from "./controller.ts";
import { newDevice } from "./device.ts";
import { call, evict, newPlace, type Place } from "./edge.ts";
import { ingest, keyOf } from "./ingest-lab.ts";
import { SAMPLES, type Sample } from "./route-samples.ts";

const EDGE: Env = env;
const app = createApp();

function answering(code: ErrorCode): string[] {
  return ROUTES.flatMap(([method, path, { doc }]) => (doc.errors.includes(code) ? [`${method} ${path}`] : []));
}

/** A consumer of the REST proxy is first to have come so far: `rest-consumers/codes.test.ts` asks it. */
function answeringAtOnce(code: ErrorCode): string[] {
  return answering(code).filter((route) => !route.includes("/kafka-rest/consumers/"));
}

interface Init extends RequestInit {
  readonly settings?: Partial<Env>;
  /** Once all is there that the request needs. */
  readonly before?: () => Promise<void>;
}

/** The route's sample, for that topic. */
async function ask(route: string, place: Place, { settings, before, ...init }: Init = {}): Promise<Response> {
  const [method = ""] = route.split(" ");
  const sample: Sample | undefined = SAMPLES.get(route);
  if (sample === undefined) throw new Error(`no sample of ${route}`);
  const { name, topicId } = place;
  const sampled = sample.path.replace("/orders", `/${name}`).replace("/clusters/acme", "/clusters/default");
  const path = sample.isItsOwnCredential === true ? await keyedPath(name) : sampled;
  await before?.();
  const body = typeof sample.body === "string" ? sample.body.replace(SAMPLE_TOPIC_ID, topicId) : sample.body;
  const request = new Request(`http://localhost${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
    ...(sample.headers === undefined ? {} : { headers: sample.headers }),
    ...init,
  });
  const response = await app.fetch(request, { ...EDGE, ...settings }, createExecutionContext());
  await checkAnswer({ method, path }, response);
  return response;
}

/** Of a key that this Worker knows from a request before. */
async function keyedPath(topic: string): Promise<string> {
  const keyed = await keyOf({ topic });
  expect((await ingest(keyed)).status).toBe(200);
  return `/v1/ingest/${keyed.key}`;
}

/** In both faces of the edge the sentence stands at the head of the message. */
async function refused(route: string, place: Place, code: ErrorCode, init: Init = {}): Promise<string> {
  const response = await ask(route, place, init);
  const [, path = ""] = route.split(" ");
  expect(faceAt(path).statusesOf(code)).toContain(response.status);
  const text = await response.text();
  expect(text).toContain(`"message":"${ERRORS[code].sentence}`);
  return text;
}

const SAMPLE_TOPIC_ID = "00000000-0000-4000-8000-000000000000";

async function written(): Promise<Place> {
  const place = await newPlace();
  const device = await newDevice(place);
  expect((await device.send(device.batch("a"))).error).toBeNull();
  return place;
}

describe("a topic that is not there", () => {
  // The keys of a topic go with it, so that ingest has no topic that is not there.
  const routes = answeringAtOnce("UNKNOWN_TOPIC_OR_PARTITION").filter((route) => route !== "POST /v1/ingest/:key");

  test.each(routes)("%s", async (route) => {
    const place = await newPlace();
    const before = async (): Promise<void> => void (await call(`/v1/topics/${place.name}`, { method: "DELETE" }));
    await refused(route, place, "UNKNOWN_TOPIC_OR_PARTITION", { before });
  });
});

describe("a topic that was deleted, which this Worker has not heard of", () => {
  test.each(answeringAtOnce("UNKNOWN_TOPIC_ID"))("%s", async (route) => {
    const place = await written();
    const before = async (): Promise<void> => {
      expect(await controller().deleteTopic(place.name)).toMatchObject({ ok: true });
    };
    await refused(route, place, "UNKNOWN_TOPIC_ID", { before });
  });
});

describe("a partition that cannot read its storage", () => {
  test.each(answeringAtOnce("KAFKA_STORAGE_ERROR"))("%s", async (route) => {
    const place = await written();
    const before = async (): Promise<void> => {
      await sql(place, "UPDATE meta SET version = 99");
      await evict(place);
    };
    await refused(route, place, "KAFKA_STORAGE_ERROR", { before });
  });
});

describe("a body that is longer than any", () => {
  test.each(answering("REQUEST_TOO_LARGE"))("%s", async (route) => {
    const headers = { ...SAMPLES.get(route)?.headers, "content-length": "99999999999" };
    await refused(route, await newPlace(), "REQUEST_TOO_LARGE", { headers });
  });
});

test("what nobody expected is told to nobody", async () => {
  const broken = { idFromName: () => failed() } as unknown as Env["CONTROLLER"];
  const place = await newPlace();
  for (const route of ["GET /v1/topics", "GET /kafka-rest/topics"]) {
    const text = await refused(route, place, "UNKNOWN_SERVER_ERROR", { settings: { CONTROLLER: broken } });
    expect(text).not.toContain("secret");
    // By the next one a report is due, to an object that cannot be had either.
    await scheduler.wait(150);
  }
});

function failed(): never {
  throw new Error("a secret of the inside");
}
