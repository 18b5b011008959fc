/**
 * A real browser that follows a topic over the edge's socket, through a proxy that cuts it: what others append is there
 * whole, once and in order, also while sockets are refused, and behind closed doors.
 */
import { SignJWT } from "jose";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { TopicMetadata } from "../../shared/api/metadata.ts";
import { writeEnvelope } from "../../shared/envelope.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import { bytesOf } from "../../shared/utf8.ts";
import { bundlePage } from "../harness/bundle-page.ts";
import { launchBrowser, type LaunchedBrowser } from "../harness/launch-browser.ts";
import { seeded } from "../harness/seeded.ts";
import { startStaticServer, type StaticServer } from "../harness/static-server.ts";
import { startTcpProxy, type TcpProxy } from "../harness/tcp-proxy.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";
import type { Workerd } from "../harness/workerd.ts";
import type { Handed } from "./tail-page.ts";

const PAGE = `<!doctype html><title>tail</title><script type="module" src="tail-page.js"></script>`;
const SECRET = "kept by the tests alone, longer than 32 bytes";
const ISSUER = "https://issuer.example";
/** Enough for a page on a busy machine to have its first socket, and to be given the next token. */
const FIRST_TOKEN_MS = 8_000;

let dir: Awaited<ReturnType<typeof tempDir>>;
let server: StaticServer;
let open: Workerd;
let locked: Workerd;
let proxy: TcpProxy;
let browser: LaunchedBrowser;
let profiles = 0;

beforeAll(async () => {
  dir = await tempDir("tail-client");
  server = await startStaticServer(
    new Map([...(await bundlePage({ entry: "test/system/tail-page.ts" })), ["index.html", PAGE]]),
  );
  open = await startBroker({ dir: `${dir.path}/open` });
  locked = await startBroker({
    dir: `${dir.path}/locked`,
    variables: {
      STRANDLINE_AUTH: "jwt",
      STRANDLINE_JWT_SECRET: SECRET,
      STRANDLINE_JWT_ISSUER: ISSUER,
      STRANDLINE_JWT_AUDIENCE: "strandline",
      STRANDLINE_ORIGINS: server.url,
    },
  });
});
afterAll(async () => {
  await open.kill();
  await locked.kill();
  await server.close();
  await dir.remove();
});
beforeEach(async () => {
  profiles += 1;
  browser = await launchBrowser({ userDataDir: `${dir.path}/profile${profiles}` });
});
afterEach(async () => {
  await browser.kill();
  await proxy.close();
});

async function tokenOf(principal: string, lifetime = "10m"): Promise<string> {
  return await new SignJWT({ namespace: "acme", scope: "admin" })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer(ISSUER)
    .setAudience("strandline")
    .setSubject(principal)
    .setExpirationTime(lifetime)
    .sign(bytesOf(SECRET));
}

class Topic {
  readonly #broker: Workerd;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #topic: TopicMetadata;

  private constructor(broker: Workerd, headers: Readonly<Record<string, string>>, topic: TopicMetadata) {
    this.#broker = broker;
    this.#headers = headers;
    this.#topic = topic;
  }

  static async make(broker: Workerd, name: string, partitionCount: number, token: string | null): Promise<Topic> {
    const headers = token === null ? {} : { authorization: `Bearer ${token}` };
    const body = JSON.stringify({ name, partitionCount });
    const response = await fetch(`${broker.url}/v1/topics`, { method: "POST", headers, body });
    if (!response.ok) throw new Error(await response.text());
    return new Topic(broker, headers, (await response.json()) as TopicMetadata);
  }

  async append(partition: number, value: string): Promise<void> {
    const encoder = new RecordBatchEncoder();
    encoder.append({ key: null, value, timestamp: 1 });
    const run = encoder.finish();
    const { topicId } = this.#topic;
    const head = { topicId, partition, leaderEpoch: null, producerKey: null, chain: 0, bytes: run.length };
    const body = writeEnvelope({ partitions: [head] }, [run]);
    const response = await fetch(`${this.#broker.url}/v1/produce`, { method: "POST", headers: this.#headers, body });
    const answer = (await response.json()) as { readonly partitions: readonly { readonly error: unknown }[] };
    expect(answer.partitions[0]?.error).toBeNull();
  }
}

/** The token is made once the page is there, so that none of its life is spent on loading that. */
async function follow(broker: Workerd, topic: string, makeToken: (() => Promise<string>) | null): Promise<void> {
  proxy = await startTcpProxy({ upstreamPort: broker.port });
  await browser.page.goto(`${server.url}/?edge=${encodeURIComponent(proxy.url)}`);
  await browser.page.waitForFunction(() => "tailPage" in window);
  const token = (await makeToken?.()) ?? null;
  const options = { topic, token, principal: token === null ? "anonymous" : "ann" };
  await browser.page.evaluate((given) => window.tailPage.start(given), options);
}

async function handed(count: number): Promise<readonly Handed[]> {
  await browser.page.waitForFunction((least) => window.tailPage.handed().length >= least, { timeout: 30_000 }, count);
  // A repeat would come late.
  await sleep(300);
  return await browser.page.evaluate(() => [...window.tailPage.handed()]);
}

function sockets(): number {
  return proxy.connections().filter(({ upgraded }) => upgraded).length;
}

async function untilSockets(count: number): Promise<void> {
  await proxy.until(() => sockets() >= count, 20_000);
}

/** Each partition's values in the order in which they were handed over, from its first offset on without a gap. */
function expectWhole(all: readonly Handed[], sent: ReadonlyMap<number, readonly string[]>): void {
  for (const [partition, values] of sent) {
    const own = all.filter((one) => one.partition === partition);
    expect(own.map(({ value }) => value.split("@")[0])).toEqual(values);
    expect(own.map(({ offset }) => Number(offset))).toEqual(values.map((_, index) => index));
  }
}

test("cut at random points while others append: complete, in order, once; and unasked where it is not cut", async () => {
  const topic = await Topic.make(open, "cut", 3, null);
  await follow(open, "cut", null);
  await untilSockets(1);
  const random = seeded(7);
  const below = (limit: number): number => Math.floor(random() * limit);
  const sent = new Map<number, string[]>([0, 1, 2].map((partition) => [partition, []]));
  for (let index = 0; index < 240; index += 1) {
    const partition = below(3);
    sent.get(partition)?.push(`v${index}`);
    await topic.append(partition, `v${index}@0`);
    if (below(20) === 0) proxy.cutSockets();
    if (below(4) === 0) await sleep(below(60));
  }
  const all = await handed(240);
  expect(all).toHaveLength(240);
  expectWhole(all, sent);
  expect(sockets()).toBeGreaterThan(3);

  let asked = 0;
  proxy.holdAnswers(({ path }) => {
    if (path.startsWith("/v1/fetch")) asked += 1;
    return false;
  });
  const more = async (count: number): Promise<number> => {
    asked = 0;
    for (let index = 0; index < count; index += 1) {
      sent.get(0)?.push(`w${index}`);
      await topic.append(0, `w${index}@0`);
    }
    expectWhole(await handed([...sent.values()].flat().length), sent);
    return asked;
  };
  // Until the last of the sockets stands again, records are asked for.
  while ((await more(1)) > 0);
  expect(await more(40)).toBe(0);
});

test("upgrades that are refused: everything comes by fetch, and over a socket later", async () => {
  const topic = await Topic.make(open, "refused", 1, null);
  await follow(open, "refused", null);
  await untilSockets(1);
  proxy.refuseUpgrades(1);
  proxy.cutSockets();
  await topic.append(0, "a@0");
  expect(await handed(1)).toHaveLength(1);
  await topic.append(0, "b@0");
  await topic.append(0, "c@0");
  const all = await handed(3);
  expectWhole(all, new Map([[0, ["a", "b", "c"]]]));
  await untilSockets(2);
});

test("behind closed doors: a ticket for each socket, and another token once the first has expired", async () => {
  const topic = await Topic.make(locked, "locked", 2, await tokenOf("admin"));
  // As `auth` would: the page has the next one by the time that it is needed.
  let expiresAt = Infinity;
  await follow(locked, "locked", async () => {
    expiresAt = Date.now() + FIRST_TOKEN_MS;
    return await tokenOf("ann", `${FIRST_TOKEN_MS / 1_000}s`);
  });
  await untilSockets(1);
  await topic.append(0, "a@0");
  await handed(1);
  const token = await tokenOf("ann");
  await browser.page.evaluate((next) => window.tailPage.takeToken(next), token);
  await sleep(expiresAt - Date.now() + 500);
  await topic.append(0, "b@0");
  await topic.append(1, "c@0");
  await untilSockets(2);
  proxy.cutSockets();
  await topic.append(0, "d@0");
  const all = await handed(4);
  expect(all).toHaveLength(4);
  expectWhole(
    all,
    new Map([
      [0, ["a", "b", "d"]],
      [1, ["c"]],
    ]),
  );
  await untilSockets(3);
});
