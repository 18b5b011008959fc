/** S03 A device says whose it is, and an edge that takes the caller for somebody else does nothing for it. */
import { expect, test } from "vitest";
import { ownerText } from "../../shared/api/owner.ts";
import { call, errorOf } from "./edge.ts";

const ME = { namespace: "default", principal: "anonymous" };

async function create(name: string, owner: string): Promise<Response> {
  return await call("/v1/topics", { json: { name }, headers: { "strandline-owner": owner } });
}

test.each([
  ["another principal", ownerText({ ...ME, principal: "ann" })],
  ["another namespace", ownerText({ ...ME, namespace: "acme" })],
  ["names that only look alike when they are joined", ownerText({ namespace: "default/anonymous", principal: "" })],
  ["nothing", ""],
  ["no encoding of a name", "%zz"],
])("S03 a device of %s is refused before anything is done", async (_, owner) => {
  expect(await errorOf(await create("refused", owner))).toMatchObject({
    code: "PRINCIPAL_CHANGED",
    status: 403,
    retriable: false,
    ...ME,
  });
  expect((await call("/v1/topics/refused")).status).toBe(404);
});

test("the caller's own device is served", async () => {
  expect((await create("served", ownerText(ME))).status).toBe(201);
});
