/** `/openapi.json`: whole, resolvable, and of every route. */
import { beforeAll, expect, test } from "vitest";
import { ROUTES } from "../../edge/app.ts";
import { PARAMETER } from "../../edge/openapi/document.ts";
import { call } from "./edge.ts";

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema: unknown;
}

interface Operation {
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: object };
  readonly "x-strandline-rights"?: Readonly<Record<string, string>>;
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: object }>>;
}

interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

let document: OpenApi;

beforeAll(async () => {
  document = await (await call("/openapi.json")).json();
});

function* nodesOf(node: unknown): Generator<object> {
  if (typeof node !== "object" || node === null) return;
  yield node;
  for (const child of Object.values(node)) yield* nodesOf(child);
}

function operations(): readonly (readonly [path: string, method: string, operation: Operation])[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [path, method, operation] as const),
  );
}

test("has what a document of OpenAPI 3.1 must have, and nothing at its top that it may not", () => {
  expect(document.openapi).toBe("3.1.0");
  expect(document.info).toMatchObject({ title: "Strandline", version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
  expect(Object.keys(document).toSorted()).toEqual(["components", "info", "openapi", "paths", "servers"]);
  for (const name of Object.keys(document.components.schemas)) expect(name).toMatch(/^[A-Za-z0-9._-]+$/);
});

test("names every route, and nothing else but health", () => {
  const routes = ROUTES.map(([method, path]) => `${method.toLowerCase()} ${path.replaceAll(PARAMETER, "{$1}")}`);
  const documented = operations().map(([path, method]) => `${method} ${path}`);
  expect(documented.toSorted()).toEqual([...routes, "get /healthz"].toSorted());
});

test("every reference resolves, and every schema is referred to", () => {
  const references = Array.from(nodesOf(document)).flatMap((node) => ("$ref" in node ? [String(node.$ref)] : []));
  const names = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
  expect(new Set(references)).toEqual(new Set(names));
  expect(names.length).toBeGreaterThan(10);
});

test("parameters of paths are declared, once, and required", () => {
  for (const [path, , { parameters = [] }] of operations()) {
    const inPath = parameters.filter((one) => one.in === "path");
    expect(inPath.map(({ name }) => name)).toEqual(Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name));
    expect(inPath.every(({ required }) => required)).toBe(true);
    const keys = parameters.map((one) => `${one.in} ${one.name}`);
    expect(new Set(keys).size).toBe(keys.length);
    for (const one of parameters)
      expect(one).toMatchObject({ in: expect.stringMatching(/^(path|query|header)$/), schema: {} });
  }
});

test("every operation says what it does, what it answers, and with which errors", () => {
  for (const [path, , { summary, responses }] of operations()) {
    expect(summary).toMatch(/\.$/);
    for (const [status, response] of Object.entries(responses)) {
      expect(status).toMatch(/^[1-5]\d\d$/);
      expect(response.description).not.toBe("");
    }
    if (path !== "/healthz") expect(Object.keys(responses)).toEqual(expect.arrayContaining(["403", "500", "503"]));
  }
});

test("is made of the schemas that validate", () => {
  const records = document.paths["/v1/topics/{topic}/partitions/{partition}/records"]?.["get"];
  expect(records?.parameters).toContainEqual({
    name: "maxBytes",
    in: "query",
    required: false,
    schema: expect.objectContaining({ type: "integer", minimum: 0 }),
  });
  expect(document.components.schemas["ProduceHead"]).toMatchObject({
    type: "object",
    required: ["partitions"],
    properties: { partitions: { type: "array", minItems: 1, maxItems: 1_000 } },
  });
  expect(document.components.schemas["ErrorAnswer"]).toMatchObject({
    properties: { error: { properties: { code: { enum: expect.arrayContaining(["NOT_ACCEPTABLE"]) } } } },
  });
});

test("says what right each route asks for, and of which resource", () => {
  const asked = Object.fromEntries(
    operations().map(([path, method, operation]) => [`${method} ${path}`, operation["x-strandline-rights"]]),
  );
  expect(asked["get /v1/acls"]).toEqual({ describeAcls: "DESCRIBE on CLUSTER" });
  expect(asked["post /v1/topics"]).toMatchObject({ createTopic: "CREATE on CLUSTER or CREATE on TOPIC" });
  const unguarded = Object.keys(asked).filter((route) => asked[route] === undefined);
  expect(unguarded.toSorted()).toEqual([
    "get /healthz",
    // They say of the caller what its token says.
    "get /kafka-rest/v3/clusters",
    "get /kafka-rest/v3/clusters/{cluster}",
    "get /openapi.json",
    // Of what is the caller's own.
    "post /v1/devices",
    // Its key says what it may.
    "post /v1/ingest/{key}",
    // Of what the caller may do anyway.
    "post /v1/tickets",
  ]);
});
