/** S03, the device's half: every request says whose device it is from, and carries a token that is worth something. */
import { beforeEach, describe, expect, test } from "vitest";
import { ownedTransport } from "../../../client/sync/owned-transport.ts";
import { TokenSource } from "../../../client/sync/token-source.ts";
import type { TransportRequest } from "../../../client/sync/transport.ts";
import { VirtualClock } from "../../sim/virtual-clock.ts";

const OWNER = { namespace: "acme", principal: "ann/ö" };
const REQUEST: TransportRequest = { method: "GET", path: "/v1/metadata?", timeoutMs: 1_000 };

let clock: VirtualClock;
let sent: TransportRequest[];
let statuses: number[];
let bodies: Uint8Array<ArrayBuffer>[];
let asked: number;
let tokens: (() => string | Promise<string>)[];

beforeEach(() => {
  clock = new VirtualClock();
  sent = [];
  statuses = [];
  bodies = [];
  asked = 0;
  tokens = [];
});

const edge = {
  request: async (request: TransportRequest) => {
    sent.push(request);
    return { status: statuses.shift() ?? 200, body: bodies.shift() ?? new Uint8Array() };
  },
};

function source(): TokenSource {
  return new TokenSource(async () => {
    asked += 1;
    return (await tokens.shift()?.()) ?? "";
  }, clock);
}

function jwt(lifeMs: number): string {
  const payload = { sub: "ann", exp: (clock.now() + lifeMs) / 1_000 };
  return `e30.${btoa(JSON.stringify(payload)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}.c2ln`;
}

const authorizations = (): (string | undefined)[] => sent.map(({ headers }) => headers?.["authorization"]);

test("the owner is stated in every request, percent-encoded, with open doors too", async () => {
  await ownedTransport(edge, OWNER, null).request(REQUEST);
  expect(sent).toEqual([{ ...REQUEST, headers: { "strandline-owner": "acme/ann%2F%C3%B6" } }]);
});

describe("a token", () => {
  test("that does not come is not waited for by a request that is called off, or whose time is over", async () => {
    tokens = [() => new Promise<never>(() => {}), () => new Promise<never>(() => {})];
    const leaving = new AbortController();
    const asking = ownedTransport(edge, OWNER, source()).request({ ...REQUEST, signal: leaving.signal });
    leaving.abort();
    await expect(asking).rejects.toMatchObject({ code: "CLOSED" });
    const late = ownedTransport(edge, OWNER, source()).request(REQUEST);
    const timedOut = expect(late).rejects.toMatchObject({ code: "REQUEST_TIMED_OUT" });
    await clock.advance(REQUEST.timeoutMs);
    await timedOut;
    expect(sent).toEqual([]);
  });

  test("is asked for once, by all who need it at the same moment", async () => {
    tokens = [() => "one"];
    const transport = ownedTransport(edge, OWNER, source());
    await Promise.all([transport.request(REQUEST), transport.request(REQUEST)]);
    await transport.request(REQUEST);
    expect(authorizations()).toEqual(["Bearer one", "Bearer one", "Bearer one"]);
    expect(asked).toBe(1);
  });

  test("that is about to expire is replaced before it is sent, also after days offline", async () => {
    const [first, second] = [jwt(60_000), jwt(7 * 86_400_000)];
    tokens = [() => first, () => second];
    const transport = ownedTransport(edge, OWNER, source());
    await transport.request(REQUEST);
    clock.jump(29_000);
    await transport.request(REQUEST);
    clock.jump(3 * 86_400_000);
    await transport.request(REQUEST);
    expect(authorizations()).toEqual([first, first, second].map((token) => `Bearer ${token}`));
  });

  test("that is new and over already, by a clock that is years ahead, is kept until the edge refuses it", async () => {
    const [first, second] = [jwt(300_000), jwt(600_000)];
    clock.jump(5 * 365 * 86_400_000);
    tokens = [() => first, () => second];
    statuses = [200, 200, 401];
    const transport = ownedTransport(edge, OWNER, source());
    for (let requests = 0; requests < 4; requests += 1) await transport.request(REQUEST);
    expect(authorizations()).toEqual([first, first, first, second, second].map((token) => `Bearer ${token}`));
    expect(asked).toBe(2);
  });

  test("that the edge refuses is asked for again once, and the request is sent again", async () => {
    tokens = [() => "old", () => "new"];
    statuses = [401, 200];
    const answer = await ownedTransport(edge, OWNER, source()).request(REQUEST);
    expect(answer.status).toBe(200);
    expect(authorizations()).toEqual(["Bearer old", "Bearer new"]);
  });

  test("that is another principal's is asked for again once, and what is only not allowed is not", async () => {
    const told = (code: string): Uint8Array<ArrayBuffer> =>
      new TextEncoder().encode(JSON.stringify({ error: { code } }));
    tokens = [() => "bob's", () => "ann's"];
    statuses = [403, 200, 403];
    bodies = [told("PRINCIPAL_CHANGED"), told(""), told("TOPIC_AUTHORIZATION_FAILED")];
    const transport = ownedTransport(edge, OWNER, source());
    expect((await transport.request(REQUEST)).status).toBe(200);
    expect((await transport.request(REQUEST)).status).toBe(403);
    expect(authorizations()).toEqual(["Bearer bob's", "Bearer ann's", "Bearer ann's"]);
    expect(asked).toBe(2);
  });

  test("that is refused again, or is the same again, is the caller's to hear of", async () => {
    tokens = [() => "old", () => "new"];
    statuses = [401, 401];
    expect((await ownedTransport(edge, OWNER, source()).request(REQUEST)).status).toBe(401);
    tokens = [() => "same", () => "same"];
    statuses = [401];
    expect((await ownedTransport(edge, OWNER, source()).request(REQUEST)).status).toBe(401);
    expect(authorizations()).toEqual(["Bearer old", "Bearer new", "Bearer same"]);
  });

  test.each([
    ["throws", () => Promise.reject(new TypeError("signed out")), "auth failed"],
    ["is none", () => "", "auth answered no token"],
  ])("that %s is a typed error, nothing is sent, and the next request asks again", async (_, answer, said) => {
    tokens = [answer, () => "later"];
    const transport = ownedTransport(edge, OWNER, source());
    const failing = transport.request(REQUEST);
    await expect(failing).rejects.toMatchObject({
      code: "SASL_AUTHENTICATION_FAILED",
      message: expect.stringContaining(said),
    });
    expect(sent).toEqual([]);
    await transport.request(REQUEST);
    expect(authorizations()).toEqual(["Bearer later"]);
  });

  test("that never comes ends with an error, not with silence", async () => {
    tokens = [() => new Promise<string>(() => {})];
    const failing = ownedTransport(edge, OWNER, source()).request({ ...REQUEST, timeoutMs: 60_000 });
    const refused = expect(failing).rejects.toMatchObject({ message: expect.stringContaining("within 30000 ms") });
    await clock.advance(31_000);
    await refused;
  });
});
