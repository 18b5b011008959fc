/** Which devices a principal has, as far as they told: who hears of them, what is written, what is forgotten. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { Env } from "../../edge/env.ts";
import type { AnnounceDeviceAnswer, AnnounceDeviceRequest, KnownDevice } from "../../shared/api/devices.ts";
import { LIMITS } from "../../shared/limits.ts";
import { call, errorOf } from "./edge.ts";
import { RightsLab } from "./rights-lab.ts";

const REAL: Env = env;
const id = (number: number): string => number.toString(16).padStart(32, "0");

async function announced(
  lab: RightsLab,
  who: string,
  said: Partial<AnnounceDeviceRequest>,
): Promise<readonly KnownDevice[]> {
  const json = { deviceId: id(1), clientId: "app", label: "Firefox on Linux", unsyncedRecords: 0, ...said };
  const response = await lab.as(who, { method: "POST", path: "/v1/devices", json });
  expect(response.status).toBe(200);
  const { devices }: AnnounceDeviceAnswer = await response.json();
  return devices;
}

/** Rows that were written since it was made. */
async function written(lab: RightsLab, step: () => Promise<unknown>): Promise<number> {
  const stub = REAL.CONTROLLER.get(REAL.CONTROLLER.idFromName(lab.namespace));
  const changes = async (): Promise<number> =>
    await runInDurableObject(
      stub,
      (_, { storage }) => storage.sql.exec<{ n: number }>("SELECT total_changes() AS n").one().n,
    );
  const before = await changes();
  await step();
  return (await changes()) - before;
}

test("a device hears of the others of its principal, whatever rights that has, and of nobody else's", async () => {
  const lab = new RightsLab();
  const [first] = await announced(lab, "bob", { unsyncedRecords: 7 });
  expect(first).toMatchObject({ deviceId: id(1), unsyncedRecords: 7, firstSeenAt: first?.lastSeenAt });
  const both = await announced(lab, "bob", { deviceId: id(2), label: "Safari" });
  expect(both.map(({ deviceId, unsyncedRecords }) => [deviceId, unsyncedRecords])).toEqual([
    [id(2), 0],
    [id(1), 7],
  ]);
  expect(await announced(lab, "ann", { deviceId: id(3) })).toHaveLength(1);
  expect(await announced(new RightsLab(), "bob", { deviceId: id(3) })).toHaveLength(1);
});

test("is remembered by a controller that comes back, and forgotten with its last word", async () => {
  const lab = new RightsLab();
  await announced(lab, "bob", {});
  await evictDurableObject(REAL.CONTROLLER.get(REAL.CONTROLLER.idFromName(lab.namespace)));
  expect(await announced(lab, "bob", { deviceId: id(2) })).toHaveLength(2);
  expect((await announced(lab, "bob", { gone: true })).map(({ deviceId }) => deviceId)).toEqual([id(2)]);
  expect(await announced(lab, "bob", { deviceId: id(2), gone: true })).toEqual([]);
});

test("is written where there is news: not each number of unsynced records is, but that there are some", async () => {
  const lab = new RightsLab();
  await announced(lab, "ann", {});
  expect(await written(lab, () => announced(lab, "bob", {}))).toBe(1);
  expect(await written(lab, () => announced(lab, "bob", {}))).toBe(0);
  expect(await written(lab, () => announced(lab, "bob", { unsyncedRecords: 3 }))).toBe(1);
  expect(await written(lab, () => announced(lab, "bob", { unsyncedRecords: 4 }))).toBe(0);
  const renamed = { label: "Firefox on Android", unsyncedRecords: 4 };
  expect(await written(lab, () => announced(lab, "bob", renamed))).toBe(1);
  expect(await written(lab, () => announced(lab, "bob", renamed))).toBe(0);
});

test("of too many the one that was heard of longest ago is forgotten", async () => {
  const lab = new RightsLab();
  for (let number = 0; number <= LIMITS.devicesPerPrincipalMax; number += 1) {
    await announced(lab, "bob", { deviceId: id(number) });
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const known = (await announced(lab, "bob", { deviceId: id(LIMITS.devicesPerPrincipalMax) })).map(
    ({ deviceId }) => deviceId,
  );
  expect(known).toHaveLength(LIMITS.devicesPerPrincipalMax);
  expect(known).not.toContain(id(0));
  expect(known).toContain(id(1));
});

test("where the doors are open nobody is told of anybody, and nothing is kept", async () => {
  const body = JSON.stringify({ deviceId: id(1), clientId: "", label: "", unsyncedRecords: 1 });
  for (let times = 0; times < 2; times += 1) {
    const response = await call("/v1/devices", { method: "POST", body });
    expect([response.status, await response.json()]).toEqual([200, { devices: [] }]);
  }
});

test.each([
  ["deviceId", "not hexadecimal"],
  ["unsyncedRecords", -1],
  ["label", "x".repeat(201)],
  ["unknown", 1],
])("is refused by the name of the field: %s", async (field, value) => {
  const lab = new RightsLab();
  const json = { deviceId: id(1), clientId: "", label: "", unsyncedRecords: 0, [field]: value };
  const response = await lab.as("bob", { method: "POST", path: "/v1/devices", json });
  const error = await errorOf(response);
  expect(error).toMatchObject({ status: 400, code: "INVALID_REQUEST", field });
});
