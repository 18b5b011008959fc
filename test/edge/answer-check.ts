/** Holds real answers against what the table of routes says of them: schemas, media types, error codes. */
import { expect } from "vitest";
import { ERROR_ANSWER } from "../../edge/answer-schemas.ts";
import { ROUTES } from "../../edge/app.ts";
import { EVERY_ROUTE } from "../../edge/openapi/document.ts";
import type { RouteDoc } from "../../edge/routes/route.ts";
import type { ErrorBody } from "../../shared/strandline-error.ts";

interface Asked {
  readonly method: string;
  readonly path: string;
}

const PATTERNS = ROUTES.map(([method, path, { doc }]) => ({
  method,
  pattern: new RegExp(`^${path.replaceAll(/:\w+/g, "[^/]+")}$`),
  doc,
}));

export async function checkAnswer({ method, path }: Asked, response: Response): Promise<void> {
  const { pathname } = new URL(path, "http://localhost");
  const doc = PATTERNS.find((one) => one.method === method && one.pattern.test(pathname))?.doc;
  const mediaType = response.headers.get("content-type")?.split(";")[0];
  if (doc === undefined || response.status === 101 || response.status === 304) return;
  if (!response.ok) {
    checkError(doc, await response.clone().json());
    return;
  }
  expect([doc.answer.status, doc.answer.repeated, doc.answer.later]).toContain(response.status);
  const content = doc.answer.contents.find((one) => one.mediaType === mediaType);
  expect(content, `${method} ${path} answers ${mediaType}`).toBeDefined();
  if (content?.mediaType !== "application/json" || content.of === null) return;
  const body: unknown = await response.clone().json();
  // What a schema does not know it leaves out.
  expect(content.of.schema.parse(body)).toEqual(body);
}

function checkError(doc: RouteDoc, body: { readonly error: ErrorBody }): void {
  expect(ERROR_ANSWER.schema.parse(body)).toEqual(body);
  expect([...EVERY_ROUTE, ...doc.errors]).toContain(body.error.code);
}
