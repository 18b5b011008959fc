/** R17, the whole origin evicted: nothing on the device can tell, so the edge does when its principal signs in again. */
import { join } from "node:path";
import { SignJWT } from "jose";
import { expect, test, vi } from "vitest";
import { bytesOf } from "../../shared/utf8.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";
import { StorageLab, type StorageTab } from "./storage-lab.ts";

const SECRET = "kept by the tests alone, longer than 32 bytes";
const ISSUER = "https://issuer.example";

async function others(tab: StorageTab): Promise<{ deviceId: string; unsyncedRecords: number }[]> {
  return (await tab.call("told")).flatMap((event) => (event.type === "device.new" ? event.others : []));
}

test("who signs in on a browser that was wiped is told of the device it was, until that is destroyed", async () => {
  const lab = await StorageLab.open();
  const dir = await tempDir("devices");
  const broker = await startBroker({
    dir: join(dir.path, "broker"),
    variables: {
      STRANDLINE_AUTH: "jwt",
      STRANDLINE_JWT_SECRET: SECRET,
      STRANDLINE_JWT_ISSUER: ISSUER,
      STRANDLINE_JWT_AUDIENCE: "strandline",
      STRANDLINE_ORIGINS: lab.server.url,
    },
  });
  try {
    const token = await new SignJWT({ namespace: "acme", scope: "admin" })
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .setIssuer(ISSUER)
      .setAudience("strandline")
      .setSubject("ann")
      .setExpirationTime("10m")
      .sign(bytesOf(SECRET));
    const edge = { url: broker.url, token };
    const headers = { authorization: `Bearer ${token}` };
    const body = JSON.stringify({ name: "orders", partitionCount: 1 });
    expect((await fetch(`${broker.url}/v1/topics`, { method: "POST", headers, body })).ok).toBe(true);
    /** A device that is no browser, to see what the edge knows. */
    const known = async (): Promise<string[]> => {
      const said = { deviceId: "f".repeat(32), clientId: "", label: "the test", unsyncedRecords: 0 };
      const init = { method: "POST", headers, body: JSON.stringify(said) };
      const { devices } = (await (await fetch(`${broker.url}/v1/devices`, init)).json()) as {
        devices: { deviceId: string }[];
      };
      return devices.map(({ deviceId }) => deviceId).filter((id) => id !== said.deviceId);
    };

    const tab = await lab.device("wiped");
    await tab.load(edge);
    await tab.call("send", "orders", 10);
    const { deviceId } = await tab.call("report");
    await vi.waitFor(async () => expect(await known()).toEqual([deviceId]), 15_000);
    expect(await others(tab)).toEqual([]);

    await tab.leave();
    await tab.clear("all");
    await tab.load(edge);
    await tab.call("send", "orders", 10);
    await vi.waitFor(async () => expect((await others(tab)).map((one) => one.deviceId)).toEqual([deviceId]), 15_000);
    const made = (await tab.call("report")).deviceId;
    expect((await known()).toSorted()).toEqual([deviceId, made].toSorted());

    await tab.call("destroy");
    expect(await known()).toEqual([deviceId]);
  } finally {
    await lab.close();
    await broker.kill();
    await dir.remove();
  }
}, 90_000);
