/**
 * What an outside attacker tried by hand against a broker, over sockets of its own: whatever `fetch` would not send.
 * Elsewhere: bad credentials at every route (test/edge/locked), tickets (test/edge/tickets), caps and bombs
 * (test/edge/caps), hosts and origins as `fetch` sends them (test/edge/served), what needs no socket (test/edge/attacker).
 */
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bytesOf } from "../../shared/utf8.ts";
import { rawRequest, type RawAnswer, type RawRequest } from "../harness/raw-request.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";
import type { Workerd } from "../harness/workerd.ts";

const SECRET = "kept by the tests alone, longer than 32 bytes";
const PAGE = "https://app.example";
const JWT = {
  STRANDLINE_AUTH: "jwt",
  STRANDLINE_JWT_SECRET: SECRET,
  STRANDLINE_JWT_ISSUER: "https://issuer.example",
  STRANDLINE_JWT_AUDIENCE: "strandline",
  STRANDLINE_ORIGINS: PAGE,
};

let dir: Awaited<ReturnType<typeof tempDir>>;
let locked: Workerd;
let open: Workerd;
let token: string;
beforeAll(async () => {
  dir = await tempDir("attacker");
  locked = await startBroker({ dir: `${dir.path}/locked`, variables: JWT });
  open = await startBroker({ dir: `${dir.path}/open` });
  token = await new SignJWT({ namespace: "acme", scope: "admin" })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer(JWT.STRANDLINE_JWT_ISSUER)
    .setAudience("strandline")
    .setSubject("alice")
    .setExpirationTime("10m")
    .sign(bytesOf(SECRET));
});
afterAll(async () => {
  await locked.kill();
  await open.kill();
  await dir.remove();
});

async function ask(asked: Partial<RawRequest> & { readonly headers: readonly string[] }): Promise<RawAnswer> {
  return await rawRequest({ port: locked.port, ...asked });
}

/** Whatever is refused: nothing internal, nothing to run, nothing for a cache. */
function expectRefused(answer: RawAnswer, statuses: readonly number[]): void {
  expect(statuses).toContain(answer.status);
  expect(answer.text).not.toMatch(/text\/html|\n\s+at |sqlite|UNKNOWN_SERVER_ERROR/i);
  expect(answer.text).not.toContain(token);
}

describe("S01 a credential that is smuggled in", () => {
  const HOST = "Host: localhost";
  test.each<readonly [what: string, headers: () => readonly string[]]>([
    ["beside a bad one", () => ["Authorization: Bearer x", `Authorization: Bearer ${token}`]],
    ["before a bad one", () => [`Authorization: Bearer ${token}`, "Authorization: Bearer x"]],
    ["twice", () => [`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`]],
    ["behind a tab", () => [`Authorization: Bearer\t${token}`]],
    ["behind a no-break space", () => [`Authorization: Bearer\u00a0${token}`]],
    ["behind a comma", () => [`Authorization: Bearer ,${token}`]],
    ["before a comma", () => [`Authorization: Bearer ${token},`]],
    ["in a folded line", () => ["Authorization: Bearer", `  ${token}`]],
    ["with a space before the colon", () => [`Authorization : Bearer ${token}`]],
    ["before a NUL", () => [`Authorization: Bearer ${token}\0`]],
    ["of another header", () => [`Proxy-Authorization: Bearer ${token}`, `X-Forwarded-Authorization: Bearer ${token}`]],
    ["of 60 KB", () => [`Authorization: Bearer ${"a".repeat(60_000)}`]],
  ])("%s", async (_what, headers) => {
    expectRefused(await ask({ headers: [HOST, ...headers()] }), [400, 401]);
  });

  test("is none that the standard allows: the scheme in any case, blanks around the header", async () => {
    for (const header of [`authorization: bearer ${token}`, `AUTHORIZATION:\tBearer ${token}\t`])
      expect((await ask({ headers: [HOST, header] })).status).toBe(200);
  });
});

describe("S05 a body that lies about itself", () => {
  const topic = (name: string): string => JSON.stringify({ name, partitionCount: 1 });
  test.each([
    [
      "a length and chunks",
      ["Content-Length: 5", "Transfer-Encoding: chunked"],
      "0\r\n\r\nGET /v1/topics HTTP/1.1\r\n",
    ],
    ["two lengths", ["Content-Length: 5", "Content-Length: 50"], topic("lie")],
    ["too short a length", ["Content-Length: 5"], topic("lie")],
    ["a signed length", ["Content-Length: +5"], topic("lie")],
    ["a hexadecimal length", ["Content-Length: 0x5"], topic("lie")],
    ["a negative chunk", ["Transfer-Encoding: chunked"], `-1\r\n${topic("lie")}\r\n0\r\n\r\n`],
    ["a chunk of no number", ["Transfer-Encoding: chunked"], `zz\r\n${topic("lie")}\r\n0\r\n\r\n`],
    ["an encoding that nobody knows", ["Transfer-Encoding: xchunked"], topic("lie")],
    ["a stated length beyond every cap", ["Content-Length: 99999999999"], topic("lie")],
  ])("%s", async (_what, headers, body) => {
    const own = ["Host: localhost", `Authorization: Bearer ${token}`, ...headers];
    expectRefused(await ask({ method: "POST", headers: own, body }), [400, 413]);
  });

  test.each([
    ["too long a length", ["Content-Length: 500"], topic("lie")],
    ["a chunk that never ends", ["Transfer-Encoding: chunked"], `ffffffff\r\n${topic("lie")}`],
  ])("%s, and hangs up", async (_what, headers, body) => {
    const own = ["Host: localhost", `Authorization: Bearer ${token}`, ...headers];
    expect((await rawRequest({ port: locked.port, method: "POST", headers: own, body }, 500)).status).toBe(0);
  });

  test("and nothing of any of them is done", async () => {
    const answer = await ask({ headers: ["Host: localhost", `Authorization: Bearer ${token}`] });
    expect([answer.status, answer.text.split("\r\n\r\n")[1]]).toEqual([200, '{"topics":[]}']);
  });
});

describe("S04 an upgrade", () => {
  const UPGRADE = [
    "Host: localhost",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ];

  async function upgrade(broker: Workerd, headers: readonly string[], target = "/v1/tail"): Promise<RawAnswer> {
    return await rawRequest({ port: broker.port, target, headers: [...UPGRADE, ...headers] });
  }

  async function ticket(): Promise<string> {
    const headers = { authorization: `Bearer ${token}`, origin: PAGE };
    const response = await fetch(`${locked.url}/v1/tickets`, { method: "POST", headers });
    return ((await response.json()) as { ticket: string }).ticket;
  }

  test.each(["https://evil.example", "null", `${PAGE}.evil.example`, `${PAGE}, https://evil.example`, `${PAGE}/`])(
    "of a page of %j is refused, whatever it brings",
    async (origin) => {
      const headers = [`Origin: ${origin}`];
      const protocols = `Sec-WebSocket-Protocol: strandline.v1, ticket.${await ticket()}`;
      expectRefused(await upgrade(locked, [...headers, `Authorization: Bearer ${token}`]), [403]);
      expectRefused(await upgrade(locked, [...headers, protocols]), [403]);
      expectRefused(await upgrade(open, headers), [403]);
      expect((await upgrade(locked, [`Origin: ${PAGE}`, protocols])).status).toBe(101);
    },
  );

  test("of two origins is refused", async () => {
    const headers = [`Origin: ${PAGE}`, "Origin: https://evil.example", `Authorization: Bearer ${token}`];
    expectRefused(await upgrade(locked, headers), [403]);
  });

  test("with a ticket in its address, or with two, or with one that is no good beside a token", async () => {
    const good = await ticket();
    expectRefused(await upgrade(locked, [`Origin: ${PAGE}`], `/v1/tail?ticket=${good}`), [401]);
    const two = `Sec-WebSocket-Protocol: strandline.v1, ticket.${good}, ticket.x`;
    expectRefused(await upgrade(locked, [`Origin: ${PAGE}`, two]), [400]);
    const bad = ["Sec-WebSocket-Protocol: strandline.v1, ticket.x", `Authorization: Bearer ${token}`];
    expectRefused(await upgrade(locked, [`Origin: ${PAGE}`, ...bad]), [401]);
    const inTwoLines = ["Sec-WebSocket-Protocol: strandline.v1", `Sec-WebSocket-Protocol: ticket.${good}`];
    expect((await upgrade(locked, [`Origin: ${PAGE}`, ...inTwoLines])).status).toBe(101);
    expectRefused(await upgrade(locked, [`Origin: ${PAGE}`, ...inTwoLines]), [401]);
  });
});

describe("S01 open doors are this machine's: a page that points a name at it gets nothing from the host", () => {
  test.each([
    ...["evil.example", "evil.example:8787", "localhost.", "localhost.:8787", "a.localhost.", "127.0.0.1.nip.io"],
    ...["[::ffff:127.0.0.1]", "0", "0.0.0.0", "localhost@evil.example", "evil.example#localhost", "xn--localhost"],
    ...["evil.example/localhost", "evil.example?localhost", "notlocalhost", "localhost.evil.example", "127.0.0.2"],
  ])("%s", async (host) => {
    expectRefused(await ask({ port: open.port, headers: [`Host: ${host}`] }), [403]);
  });

  test.each(["localhost:99999", "localhost evil", "127.0.0.1:80:80", "[::1", "%zz"])(
    "%s, which is none",
    async (host) => {
      expectRefused(await ask({ port: open.port, headers: [`Host: ${host}`] }), [400]);
    },
  );

  test("two of them, or none", async () => {
    expectRefused(await ask({ port: open.port, headers: ["Host: localhost", "Host: evil.example"] }), [400]);
    expectRefused(await ask({ port: open.port, headers: ["X-Host: localhost"] }), [400]);
  });

  test("another one in the request line", async () => {
    const target = "http://localhost/v1/topics";
    expectRefused(await ask({ port: open.port, target, headers: ["Host: evil.example"] }), [403]);
  });

  test.each([
    "null",
    "http://localhost.evil.example",
    "http://localhost@evil.example",
    "http://evil.example#localhost",
  ])("nor the page of the origin %j", async (origin) => {
    const answer = await ask({ port: open.port, headers: ["Host: localhost", `Origin: ${origin}`] });
    expectRefused(answer, [403]);
    expect(answer.text).not.toMatch(/access-control/i);
    const shut = await ask({ headers: ["Host: localhost", `Authorization: Bearer ${token}`, `Origin: ${origin}`] });
    expect(shut.text).not.toMatch(/access-control/i);
  });
});
