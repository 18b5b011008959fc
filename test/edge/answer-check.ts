/** Holds real answers against what the table of routes says of them: schemas, media types, error codes. */
import { expect } from "vitest";
import { ROUTES } from "../../edge/app.ts";
import { faceAt } from "../../edge/faces.ts";
import { restCodes, type RestError } from "../../edge/kafka-rest/rest-error.ts";
import { EVERY_ROUTE, PARAMETER } from "../../edge/openapi/document.ts";
import type { RouteDoc } from "../../edge/routes/route.ts";
import { SECURE_HEADERS } from "../../edge/secure-headers.ts";
import type { ErrorBody } from "../../shared/strandline-error.ts";
import { codeOf, noteAnswer } from "./answer-notes.ts";

interface Asked {
  readonly method: string;
  readonly path: string;
}

const PATTERNS = ROUTES.map(([method, path, { doc }]) => ({
  method,
  route: `${method} ${path}`,
  pattern: new RegExp(`^${path.replaceAll(PARAMETER, "[^/]+")}$`),
  doc,
}));

export async function checkAnswer({ method, path }: Asked, response: Response): Promise<void> {
  const { pathname } = new URL(path, "http://localhost");
  if (response.status !== 101) expect(Object.fromEntries(response.headers)).toMatchObject(SECURE_HEADERS);
  const found = PATTERNS.find((one) => one.method === method && one.pattern.test(pathname));
  if (found === undefined) return;
  const { route, doc } = found;
  const mediaType = response.headers.get("content-type")?.split(";")[0];
  const isBodiless = response.status === 101 || response.status === 304;
  if (!response.ok && !isBodiless) {
    expect(mediaType).toBe(faceAt(pathname).errorMediaType);
    const body: { readonly error: ErrorBody } | RestError = await response.clone().json();
    checkError(pathname, doc, body);
    noteAnswer(route, codeOf(body));
    return;
  }
  noteAnswer(route, response.status);
  if (isBodiless) return;
  expect([doc.answer.status, doc.answer.repeated, doc.answer.later]).toContain(response.status);
  if (response.status === 204) {
    expect([doc.answer.contents, await response.clone().text()]).toEqual([[], ""]);
    return;
  }
  const content = doc.answer.contents.find((one) => one.mediaType === mediaType);
  expect(content, `${method} ${path} answers ${mediaType}`).toBeDefined();
  // A stream may not have ended yet: whoever reads it checks it.
  if (content === undefined || content.of === null || content.isStream === true || !/[/+]json$/.test(content.mediaType))
    return;
  const body: unknown = await response.clone().json();
  // What a schema does not know it leaves out.
  expect(content.of.schema.parse(body)).toEqual(body);
}

function checkError(path: string, doc: RouteDoc, body: { readonly error: ErrorBody } | RestError): void {
  expect(faceAt(path).errorAnswer.schema.parse(body)).toEqual(body);
  const codes = [...EVERY_ROUTE, ...doc.errors];
  if ("error" in body) expect(codes).toContain(body.error.code);
  else expect(codes.flatMap(restCodes)).toContain(body.error_code);
}
