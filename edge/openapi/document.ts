/** OpenAPI 3.1 of the routes, from the schemas that validate what they take and the table that dispatches them. */
import { z } from "zod";
import type { ErrorCode } from "../../shared/error-table.ts";
import { NEEDS, ROUTE_NEEDS } from "../access/needs.ts";
import type { NamedSchema } from "../answer-schemas.ts";
import { faceAt, type Face } from "../faces.ts";
import { bodiesOf, type Content, type RouteDoc } from "../routes/route.ts";

/** Plain JSON. */
export type Json = Readonly<Record<string, unknown>>;

export interface DocumentedRoute {
  readonly method: string;
  /** As Hono writes it: `/v1/topics/:topic`. */
  readonly path: string;
  readonly doc: RouteDoc;
}

const VERSION = "0.1.0";
/** `INVALID_REQUEST`: also of a query that it does not take. */
export const EVERY_ROUTE: readonly ErrorCode[] = [
  "INVALID_REQUEST",
  "SASL_AUTHENTICATION_FAILED",
  "NOT_CONFIGURED",
  "ISSUER_UNAVAILABLE",
  "FORBIDDEN_ORIGIN",
  "THROTTLING_QUOTA_EXCEEDED",
  "REQUEST_TOO_LARGE",
  "UNSUPPORTED_COMPRESSION_TYPE",
  "PRINCIPAL_CHANGED",
  "UNKNOWN_SERVER_ERROR",
];
const PATH_PARAMETERS: Readonly<Record<string, Json>> = {
  topic: { type: "string", minLength: 1, maxLength: 249 },
  partition: { type: "integer", minimum: 0 },
  group: { type: "string", minLength: 1, maxLength: 249 },
  key: { type: "string", minLength: 1, maxLength: 1_024 },
  id: { type: "string", minLength: 22, maxLength: 22 },
};
/** A segment of a path that is whatever stands there; `records:batch` is none. */
export const PARAMETER: RegExp = /(?<=\/):(\w+)/g;
const REF = "#/components/schemas/";

export function openApiDocument(routes: readonly DocumentedRoute[]): Json {
  const paths: Record<string, Record<string, Json>> = {
    "/healthz": { get: { summary: "Whether it is up.", responses: { "200": { description: "It is." } } } },
  };
  for (const { method, path, doc } of routes) {
    const template = path.replaceAll(PARAMETER, "{$1}");
    const operations = (paths[template] ??= {});
    operations[method.toLowerCase()] = { ...operationOf(path, doc), ...rightsOf(`${method} ${path}`) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Strandline", version: VERSION, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    servers: [{ url: "/" }],
    paths,
    components: { schemas: schemasOf(routes) },
  };
}

function operationOf(path: string, doc: RouteDoc): Json {
  const { status, repeated, later, contents } = doc.answer;
  const success = { description: doc.summary, ...(contents.length === 0 ? {} : { content: contentsOf(contents) }) };
  const again = repeated === undefined ? {} : { [repeated]: success };
  const bodies = bodiesOf(doc);
  const accepted = later === undefined ? {} : { [later]: { ...success, description: "Written down; it goes on." } };
  const isConditional = doc.headers !== undefined && "if-none-match" in doc.headers;
  const unchanged = isConditional ? { "304": { description: "What is held is still true." } } : {};
  return {
    summary: doc.summary,
    parameters: [...pathParameters(path), ...queryParameters(doc.query), ...headerParameters(doc.headers ?? {})],
    ...(bodies.length === 0 ? {} : { requestBody: { required: true, content: contentsOf(bodies) } }),
    responses: {
      [status]: success,
      ...again,
      ...accepted,
      ...unchanged,
      ...errorResponses(faceAt(path), [...EVERY_ROUTE, ...doc.errors]),
    },
  };
}

/** For the topic that is named, or the cluster: `READ on TOPIC`, with `or` between those of which one will do. */
function rightsOf(route: string): Json {
  const needs = ROUTE_NEEDS[route] ?? [];
  if (needs.length === 0) return {};
  const told: Record<string, string> = {};
  for (const need of needs)
    told[need] = NEEDS[need].map(([resourceType, operation]) => `${operation} on ${resourceType}`).join(" or ");
  return { "x-strandline-rights": told };
}

function pathParameters(path: string): Json[] {
  return Array.from(path.matchAll(PARAMETER), ([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    schema: PATH_PARAMETERS[name] ?? { type: "string" },
  }));
}

function queryParameters(query: z.ZodType | null): Json[] {
  if (query === null) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(query, { io: "input", override: digitsAsInteger });
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
  }));
}

/** What is digits in a query is a number to whoever writes it. */
function digitsAsInteger({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.pattern !== String.raw`^\d+$`) return;
  delete jsonSchema.pattern;
  Object.assign(jsonSchema, { type: "integer", minimum: 0 });
}

function headerParameters(headers: Readonly<Record<string, string>>): Json[] {
  return Object.entries(headers).map(([name, description]) => ({
    name,
    in: "header",
    required: false,
    description,
    schema: { type: "string" },
  }));
}

/** The schema of an envelope is that of its head, and it says so. */
function contentsOf(contents: readonly Content[]): Json {
  return Object.fromEntries(
    contents.map(({ mediaType, of, isStream }) => {
      if (of === null) return [mediaType, { schema: { type: "string" } }];
      if (isStream === true) return [mediaType, { schema: { $ref: REF + of.name }, "x-strandline-stream": true }];
      const isJson = /[/+]json$/.test(mediaType);
      return [mediaType, isJson ? { schema: { $ref: REF + of.name } } : { schema: binary(of) }];
    }),
  );
}

function binary({ name }: NamedSchema): Json {
  return {
    description: `An envelope: a JSON head, which is a ${name}, then payloads.`,
    contentMediaType: "application/octet-stream",
    "x-strandline-head": { $ref: REF + name },
  };
}

function errorResponses(face: Face, codes: readonly ErrorCode[]): Json {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set(codes))
    for (const status of face.statusesOf(code)) byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  const content = contentsOf([{ mediaType: face.errorMediaType, of: face.errorAnswer }]);
  return Object.fromEntries(
    Array.from(byStatus, ([status, held]) => [
      status,
      { description: held.join(", "), content, "x-strandline-codes": held },
    ]),
  );
}

function schemasOf(routes: readonly DocumentedRoute[]): Json {
  const registry = z.registry<{ id: string }>();
  const named = routes.flatMap(({ doc }) => [...bodiesOf(doc), ...doc.answer.contents].flatMap((one) => one.of ?? []));
  const errors = routes.map(({ path }) => faceAt(path).errorAnswer);
  for (const { name, schema } of [...errors, ...named]) if (!registry.has(schema)) registry.add(schema, { id: name });
  const { schemas } = z.toJSONSchema(registry, { io: "input", uri: (id) => REF + id });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema: _schema, $id: _id, ...schema }]) => [name, schema]),
  );
}
