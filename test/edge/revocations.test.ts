/** Credentials that are ended before their time: whose, which, until when, and who may say so. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { Env } from "../../edge/env.ts";
import type { ListRevocationsAnswer, Revocation, RevokeRequest } from "../../shared/api/revocations.ts";
import { LIMITS } from "../../shared/limits.ts";
import { lockedEdge, now, tokenOf } from "./credentials.ts";
import { errorOf } from "./edge.ts";
import { RightsLab } from "./rights-lab.ts";

const REAL: Env = env;
const ask = lockedEdge();

async function revoke(lab: RightsLab, json: RevokeRequest): Promise<Revocation> {
  return await lab.asAdmin<Revocation>({ method: "POST", path: "/v1/revocations", json });
}

async function statusOf(lab: RightsLab, claims: Readonly<Record<string, unknown>>): Promise<number> {
  const token = await tokenOf({ claims: { namespace: lab.namespace, sub: "bob", ...claims } });
  return (await ask("/v1/topics", { token })).status;
}

test("what was issued to a principal before is refused at once, an admin's too; what is issued later is served", async () => {
  const lab = new RightsLab();
  expect(await statusOf(lab, { iat: now() - 60 })).toBe(200);
  const made = await revoke(lab, { principal: "User:bob", before: (now() - 30) * 1_000 });
  expect(await statusOf(lab, { iat: now() - 60 })).toBe(401);
  expect(await statusOf(lab, { iat: undefined })).toBe(401);
  expect(await statusOf(lab, { iat: now() })).toBe(200);
  expect(await statusOf(lab, { iat: now() - 60, sub: "ann" })).toBe(200);
  await lab.asAdmin({ method: "DELETE", path: `/v1/revocations/${made.id}` });
  expect(await statusOf(lab, { iat: now() - 60 })).toBe(200);
});

test("a credential is ended alone, whenever it was issued; everybody's are ended together", async () => {
  const lab = new RightsLab();
  await revoke(lab, { credentialId: "t-1" });
  expect([await statusOf(lab, { jti: "t-1" }), await statusOf(lab, { jti: "t-2" })]).toEqual([401, 200]);
  expect(await statusOf(new RightsLab(), { jti: "t-1" })).toBe(200);
  await revoke(lab, { principal: "User:*", before: (now() - 30) * 1_000 });
  expect([await statusOf(lab, { iat: now() - 60, sub: "ann" }), await statusOf(lab, {})]).toEqual([401, 200]);
});

test("one that stands only grows, is listed, and is still there when the controller comes back", async () => {
  const lab = new RightsLab();
  const first = await revoke(lab, { principal: "User:bob", before: 2_000, until: 9_000_000_000_000 });
  const again = await revoke(lab, { principal: "User:bob", before: 1_000 });
  expect(again).toEqual({ ...first, before: 2_000, until: null });
  const other = await revoke(lab, { credentialId: "t-1", until: 9_000_000_000_000 });
  await evictDurableObject(REAL.CONTROLLER.get(REAL.CONTROLLER.idFromName(lab.namespace)));
  const { revocations } = await lab.asAdmin<ListRevocationsAnswer>({ method: "GET", path: "/v1/revocations" });
  expect(revocations.toSorted((a, b) => a.id.localeCompare(b.id))).toEqual(
    [again, other].toSorted((a, b) => a.id.localeCompare(b.id)),
  );
});

test("R27 what can end nothing any more is kept while there is room: a clock that was ahead brings nothing back", async () => {
  const lab = new RightsLab();
  const listed = async (): Promise<number> =>
    (await lab.asAdmin<ListRevocationsAnswer>({ method: "GET", path: "/v1/revocations" })).revocations.length;
  await revoke(lab, { credentialId: "old", until: Date.now() - 1 });
  await revoke(lab, { credentialId: "new" });
  expect(await listed()).toBe(2);
  const controller = env.CONTROLLER.get(env.CONTROLLER.idFromName(lab.namespace));
  await runInDurableObject(controller, (_, { storage }) => {
    storage.sql
      .exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${LIMITS.revocationsMax - 2})
      INSERT INTO revocations (id, credential_id, until) SELECT 'filled-' || i, 'filled-' || i, 1 FROM n`);
  });
  await evictDurableObject(controller);
  expect(await listed()).toBe(LIMITS.revocationsMax);
  await revoke(lab, { credentialId: "newer" });
  expect(await listed()).toBe(2);
});

test.each([
  [{}, ""],
  [{ principal: "User:bob", credentialId: "t-1" }, ""],
  [{ principal: "bob" }, "principal"],
  [{ principal: "User:" }, "principal"],
  [{ credentialId: "" }, "credentialId"],
  [{ credentialId: "t-1", before: 1 }, "before"],
  [{ principal: "User:bob", before: -1 }, "before"],
  [{ principal: "User:bob", until: "tomorrow" }, "until"],
])("%o is refused, and ends nothing", async (json, field) => {
  const lab = new RightsLab();
  const response = await lab.as("root", { method: "POST", path: "/v1/revocations", json }, "admin");
  expect(await errorOf(response)).toMatchObject({ status: 400, code: "INVALID_REQUEST", field });
  const { revocations } = await lab.asAdmin<ListRevocationsAnswer>({ method: "GET", path: "/v1/revocations" });
  expect(revocations).toEqual([]);
});

test("there is none of an id that was made up", async () => {
  const lab = new RightsLab();
  const response = await lab.as("root", { method: "DELETE", path: "/v1/revocations/none" }, "admin");
  expect(await errorOf(response)).toMatchObject({ status: 404, code: "NOT_FOUND", revocation: "none" });
});
