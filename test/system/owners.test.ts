/**
 * S03 on one browser profile: two tenants and two people, with equal names, one after the other. What one has left on the
 * device is neither sent under the token of another nor shown to them, and waits for whom it belongs to.
 */
import { SignJWT } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bytesOf } from "../../shared/utf8.ts";
import { bundlePage } from "../harness/bundle-page.ts";
import { launchBrowser, type LaunchedBrowser } from "../harness/launch-browser.ts";
import { startStaticServer, type StaticServer } from "../harness/static-server.ts";
import { startTcpProxy, type TcpProxy } from "../harness/tcp-proxy.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";
import type { Workerd } from "../harness/workerd.ts";
import type { Person } from "./owner-page.ts";

const PAGE = `<!doctype html><title>owners</title><script type="module" src="owner-page.js"></script>`;
const SECRET = "kept by the tests alone, longer than 32 bytes";
const ISSUER = "https://issuer.example";
/** One name in each tenant: what tells the logs apart is whose they are. */
const TOPIC = "notes";
const ANN = { namespace: "acme", principal: "ann" };
const BOB = { namespace: "acme", principal: "bob" };
const OTHER_ANN = { namespace: "other", principal: "ann" };

let dir: Awaited<ReturnType<typeof tempDir>>;
let server: StaticServer;
let broker: Workerd;
let proxy: TcpProxy;
let browser: LaunchedBrowser;

async function tokenOf({ namespace, principal }: Person): Promise<string> {
  return await new SignJWT({ namespace, scope: "admin" })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer(ISSUER)
    .setAudience("strandline")
    .setSubject(principal)
    .setExpirationTime("10m")
    .sign(bytesOf(SECRET));
}

async function ask<Answer>(who: Person, path: string, body?: object): Promise<Answer> {
  const headers = { authorization: `Bearer ${await tokenOf(who)}` };
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(`${broker.url}${path}`, { headers, ...init });
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  return (await response.json()) as Answer;
}

/** What the edge holds of that tenant. */
async function held(who: Person): Promise<string[]> {
  const path = `/v1/topics/${TOPIC}/partitions/0/records?offset=earliest`;
  const { records } = await ask<{ records: { value: string }[] }>(who, path);
  return records.map(({ value }) => value);
}

async function signIn(who: Person, tokenFor: Person = who): Promise<void> {
  const token = await tokenOf(tokenFor);
  await browser.page.evaluate((person, first) => window.owner.signIn(person, first), who, token);
}

async function send(...values: readonly string[]): Promise<void> {
  await browser.page.evaluate((topic, sent) => window.owner.send(topic, sent), TOPIC, values);
}

async function pending(): Promise<number> {
  return (await browser.page.evaluate(() => window.owner.status())).pendingRecords;
}

async function drained(): Promise<void> {
  await browser.page.evaluate(() => window.owner.drained());
}

async function shown(): Promise<readonly string[]> {
  return await browser.page.evaluate((topic) => window.owner.shown(topic, 1_500), TOPIC);
}

async function signOut(discard = false): Promise<number> {
  return await browser.page.evaluate((gone) => window.owner.signOut(gone), discard);
}

beforeAll(async () => {
  dir = await tempDir("owners");
  const files = await bundlePage({ entry: "test/system/owner-page.ts" });
  server = await startStaticServer(new Map([...files, ["index.html", PAGE]]));
  broker = await startBroker({
    dir: `${dir.path}/broker`,
    variables: {
      STRANDLINE_AUTH: "jwt",
      STRANDLINE_JWT_SECRET: SECRET,
      STRANDLINE_JWT_ISSUER: ISSUER,
      STRANDLINE_JWT_AUDIENCE: "strandline",
      STRANDLINE_ORIGINS: server.url,
    },
  });
  proxy = await startTcpProxy({ upstreamPort: broker.port });
  for (const who of [ANN, OTHER_ANN]) await ask(who, "/v1/topics", { name: TOPIC, partitionCount: 1 });
  browser = await launchBrowser({ userDataDir: `${dir.path}/profile` });
  await browser.page.goto(`${server.url}/?edge=${encodeURIComponent(proxy.url)}`);
  await browser.page.waitForFunction(() => "owner" in window);
});
afterAll(async () => {
  await browser.kill();
  await proxy.close();
  await broker.kill();
  await server.close();
  await dir.remove();
});

test("S03 what ann of acme has left waits while another ann and bob of acme sign in, and arrives once she is back", async () => {
  await signIn(ANN);
  await send("acme/ann online");
  await drained();
  proxy.cut();
  await send("acme/ann offline 1", "acme/ann offline 2");
  expect(await signOut()).toBe(2);
  proxy.restore();

  await signIn(OTHER_ANN);
  await send("other/ann 1");
  await drained();
  expect(await shown()).toEqual(["other/ann 1"]);
  expect([await signOut(), await held(OTHER_ANN)]).toEqual([0, ["other/ann 1"]]);

  await signIn(BOB);
  await send("acme/bob 1");
  await drained();
  // Of the tenant's log he is shown what is there, and of ann's device nothing.
  expect(await shown()).toEqual(["acme/ann online", "acme/bob 1"]);
  expect(await signOut()).toBe(0);
  expect(await held(ANN)).toEqual(["acme/ann online", "acme/bob 1"]);

  await signIn(ANN);
  await drained();
  const all = ["acme/ann online", "acme/bob 1", "acme/ann offline 1", "acme/ann offline 2"];
  expect(await held(ANN)).toEqual(all);
  expect(await shown()).toEqual(all);
  expect(await held(OTHER_ANN)).toEqual(["other/ann 1"]);
  expect(await signOut()).toBe(0);
});

test.each([
  ["of her tenant", BOB],
  ["of her name", OTHER_ANN],
])(
  "S03 a token of another person %s, given to ann's client, sends nothing; her records wait for her own",
  async (_whose, thief) => {
    const before = [await held(ANN), await held(OTHER_ANN)];
    await signIn(ANN, thief);
    const value = `for ann alone, ${thief.namespace}/${thief.principal}`;
    await send(value);
    await browser.page.waitForFunction(() => window.owner.errors().includes("PRINCIPAL_CHANGED"));
    expect(new Set(await browser.page.evaluate(() => window.owner.errors()))).toEqual(new Set(["PRINCIPAL_CHANGED"]));
    expect([await pending(), await browser.page.evaluate(() => window.owner.deadLetters())]).toEqual([1, 0]);
    expect([await held(ANN), await held(OTHER_ANN)]).toEqual(before);
    expect(await signOut()).toBe(1);

    await signIn(ANN);
    await drained();
    expect(await held(ANN)).toEqual([...(before[0] ?? []), value]);
    expect(await held(OTHER_ANN)).toEqual(before[1]);
    expect(await signOut()).toBe(0);
  },
);

test("S03 a token that becomes another's while she is signed in: the page that answered it may answer hers again", async () => {
  const before = await held(ANN);
  await signIn(ANN, BOB);
  await send("for ann alone, again");
  await browser.page.waitForFunction(() => window.owner.errors().includes("PRINCIPAL_CHANGED"));
  expect(await held(ANN)).toEqual(before);
  await browser.page.evaluate((token) => window.owner.takeToken(token), await tokenOf(ANN));
  await drained();
  expect(await held(ANN)).toEqual([...before, "for ann alone, again"]);
  expect(await signOut()).toBe(0);
});

test("S03 S09 what she discards is gone from the device, and only that", async () => {
  const databases = async (): Promise<number> =>
    await browser.page.evaluate(async () => (await indexedDB.databases()).length);
  const before = await databases();
  expect(before).toBe(3);
  proxy.cut();
  await signIn(ANN);
  await send("never to be sent");
  expect(await signOut(true)).toBe(1);
  proxy.restore();
  expect(await databases()).toBe(before - 1);
  await signIn(ANN);
  expect(await pending()).toBe(0);
  expect(await shown()).not.toContain("never to be sent");
  expect(await signOut()).toBe(0);
});
