/** S04: sockets behind locked doors. Who opens one, from where, how often, and what ends it. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Env } from "../../edge/env.ts";
import type { TicketAnswer } from "../../shared/api/tickets.ts";
import { partitionName } from "../../edge/partition/partition-name.ts";
import { lockedEdge, now, tokenOf, type LockedInit } from "./credentials.ts";
import { errorOf, type Place } from "./edge.ts";
import { produceOf, RightsLab } from "./rights-lab.ts";
import { TailClient } from "./tail-client.ts";

const REAL: Env = env;
const PAGE = "https://app.example";
const settings: Partial<Env> = { STRANDLINE_ORIGINS: PAGE };
const edge = lockedEdge();

afterEach(() => void vi.restoreAllMocks());

async function ask(path: string, init: LockedInit = {}): Promise<Response> {
  return await edge(path, { ...init, settings: { ...settings, ...init.settings } });
}

async function ticketOf(token: string, origin: string | null = PAGE): Promise<string> {
  const headers: Record<string, string> = origin === null ? {} : { origin };
  const response = await ask("/v1/tickets", { method: "POST", token, headers });
  expect([response.status, response.headers.get("cache-control")]).toEqual([201, "no-store"]);
  const answer: TicketAnswer = await response.json();
  expect(answer.expiresInMs).toBe(30_000);
  return answer.ticket;
}

/** As a browser does it. */
async function upgrade(ticket: string, init: LockedInit & { readonly origin?: string | null } = {}): Promise<Response> {
  const { origin = PAGE, headers, ...more } = init;
  const own = headers as Record<string, string> | undefined;
  return await ask("/v1/tail", {
    ...more,
    headers: {
      upgrade: "websocket",
      "sec-websocket-protocol": `strandline.v1, ticket.${ticket}`,
      ...(origin === null ? {} : { origin }),
      ...own,
    },
  });
}

async function refusal(response: Response): Promise<unknown> {
  const { status, code } = await errorOf(response);
  return [status, code];
}

const REFUSED = [401, "SASL_AUTHENTICATION_FAILED"];

/** A place with one record, and the socket of bob, who may read it and nothing else. */
async function tailed(claims: Readonly<Record<string, unknown>> = {}): Promise<{
  readonly lab: RightsLab;
  readonly place: Place;
  readonly tail: TailClient;
}> {
  const lab = new RightsLab();
  const place = await lab.topic("orders");
  const own = { namespace: lab.namespace, sub: "bob", scope: "", ...claims };
  await lab.allow({});
  const tail = await TailClient.over(await upgrade(await ticketOf(await tokenOf({ claims: own }))));
  tail.subscribe(place);
  await tail.untilValues(["0:first"]);
  return { lab, place, tail };
}

async function evict(namespace: string, place: Place): Promise<void> {
  const { topicId, partition } = place;
  const stub = REAL.PARTITION.get(REAL.PARTITION.idFromName(partitionName({ namespace, topicId, partition })));
  await runInDurableObject(stub, () => undefined);
  await evictDurableObject(stub);
}

function lastError(tail: TailClient): unknown {
  const last = tail.came.at(-1);
  return last?.type === "error" ? [last.id, last.error.code] : last;
}

describe("S04: a ticket", () => {
  test("opens a socket of whoever asked for it, as the subprotocol that is chosen", async () => {
    const response = await upgrade(await ticketOf(await tokenOf()));
    expect([response.status, response.headers.get("sec-websocket-protocol")]).toEqual([101, "strandline.v1"]);
    (await TailClient.over(response)).close();
    const { tail } = await tailed();
    tail.close();
  });

  test("works once", async () => {
    const ticket = await ticketOf(await tokenOf());
    expect((await upgrade(ticket)).status).toBe(101);
    expect(await refusal(await upgrade(ticket))).toEqual(REFUSED);
  });

  test("works once for many that come at the same moment", async () => {
    const ticket = await ticketOf(await tokenOf());
    const answers = await Promise.all(Array.from({ length: 8 }, async () => await upgrade(ticket)));
    const opened = answers.filter(({ status }) => status === 101);
    const refused = answers.filter(({ status }) => status === 401);
    expect([opened.length, refused.length]).toEqual([1, 7]);
  });

  test("is of its namespace: another one's is not opened with it, and a changed one wakes no object", async () => {
    const ticket = await ticketOf(await tokenOf());
    const other = await ticketOf(await tokenOf({ claims: { namespace: "other" } }));
    const [, ...rest] = ticket.split(".");
    const woken = vi.fn();
    const CONTROLLER = new Proxy(REAL.CONTROLLER, { get: woken });
    for (const forged of [
      [other.split(".")[0], ...rest].join("."),
      "made-up",
      "",
      `${ticket}x`,
      `b3RoZXI.${"A".repeat(43)}.${"A".repeat(43)}`,
    ])
      expect(await refusal(await upgrade(forged, { settings: { CONTROLLER } }))).toEqual(REFUSED);
    expect(woken).not.toHaveBeenCalled();
    expect((await upgrade(ticket)).status).toBe(101);
  });

  test("is too old after 30 seconds", async () => {
    const token = await tokenOf();
    const [early, late] = [await ticketOf(token), await ticketOf(token)];
    const begin = Date.now();
    const clock = vi.spyOn(Date, "now").mockReturnValue(begin + 29_000);
    expect((await upgrade(early)).status).toBe(101);
    clock.mockReturnValue(begin + 30_000);
    expect(await refusal(await upgrade(late))).toEqual(REFUSED);
  });

  test("is gone with the memory of its controller", async () => {
    const ticket = await ticketOf(await tokenOf({ claims: { namespace: "evicted" } }));
    await evictDurableObject(REAL.CONTROLLER.get(REAL.CONTROLLER.idFromName("evicted")));
    expect(await refusal(await upgrade(ticket))).toEqual(REFUSED);
  });

  test("opens nothing for a credential that has expired or was revoked meanwhile", async () => {
    const lab = new RightsLab();
    const claims = { namespace: lab.namespace, jti: "meanwhile" };
    const [one, other] = [await ticketOf(await tokenOf({ claims })), await ticketOf(await tokenOf({ claims }))];
    const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now() + 1_000);
    expect((await upgrade(one)).status).toBe(101);
    clock.mockRestore();
    await lab.asAdmin({ method: "POST", path: "/v1/revocations", json: { credentialId: "meanwhile" } });
    expect(await refusal(await upgrade(other))).toEqual(REFUSED);
    const soon = { namespace: lab.namespace, exp: now() + 1 };
    const expiring = await ticketOf(await tokenOf({ claims: soon }));
    vi.spyOn(Date, "now").mockReturnValue((now() + 7) * 1_000);
    expect(await refusal(await upgrade(expiring))).toEqual(REFUSED);
  });

  test("a foreign origin is refused before it is spent; so is the origin of another page of ours", async () => {
    const ticket = await ticketOf(await tokenOf());
    for (const origin of ["https://evil.example", "null", "https://app.example.evil.example", "http://app.example"])
      expect(await refusal(await upgrade(ticket, { origin }))).toEqual([403, "FORBIDDEN_ORIGIN"]);
    const both = { STRANDLINE_ORIGINS: `${PAGE},https://other.example` };
    expect(await refusal(await upgrade(ticket, { origin: "https://other.example", settings: both }))).toEqual(REFUSED);
    expect(await refusal(await upgrade(ticket, { origin: null }))).toEqual(REFUSED);
    expect((await upgrade(ticket)).status).toBe(101);
  });

  test("that no page asked for is good for any page that is listed, and for what is no browser", async () => {
    const token = await tokenOf();
    expect((await upgrade(await ticketOf(token, null))).status).toBe(101);
    expect((await upgrade(await ticketOf(token, null), { origin: null })).status).toBe(101);
  });

  test("stands in the subprotocol alone: not in an address, not for another route, not twice, not by itself", async () => {
    const ticket = await ticketOf(await tokenOf());
    const headers = { origin: PAGE, upgrade: "websocket" };
    expect(await refusal(await ask(`/v1/tail?ticket=${ticket}`, { headers }))).toEqual(REFUSED);
    const protocols = { "sec-websocket-protocol": `strandline.v1, ticket.${ticket}` };
    expect(await refusal(await ask("/v1/topics", { headers: { ...headers, ...protocols } }))).toEqual(REFUSED);
    expect(await refusal(await ask("/v1/tail", { headers: { origin: PAGE, ...protocols } }))).toEqual(REFUSED);
    for (const offered of [`ticket.${ticket}`, `strandline.v1, ticket.${ticket}, ticket.${ticket}`]) {
      const response = await ask("/v1/tail", { headers: { ...headers, "sec-websocket-protocol": offered } });
      expect(await refusal(response)).toEqual([400, "INVALID_REQUEST"]);
    }
    expect((await upgrade(ticket)).status).toBe(101);
  });

  test("is none for who has no token, nor where nothing is configured", async () => {
    expect(await refusal(await ask("/v1/tickets", { method: "POST" }))).toEqual(REFUSED);
    const ticket = await ticketOf(await tokenOf());
    const unset = { STRANDLINE_AUTH: "" };
    expect(await refusal(await upgrade(ticket, { settings: unset }))).toEqual([503, "NOT_CONFIGURED"]);
    const hook = lockedEdge({
      authenticate: () => ({ namespace: "acme", principal: "ann", scopes: [], expiresAtMs: null }),
    });
    const keyless = { STRANDLINE_AUTH: "hook", STRANDLINE_JWT_SECRET: "" };
    const response = await hook("/v1/tickets", { method: "POST", settings: keyless });
    expect(await errorOf(response)).toMatchObject({ code: "NOT_CONFIGURED", setting: "STRANDLINE_SECRET" });
  });

  test("a hundred that are not used are enough for one principal", async () => {
    const token = await tokenOf({ claims: { namespace: "many" } });
    for (let count = 0; count < 100; count += 1) await ticketOf(token);
    const response = await ask("/v1/tickets", { method: "POST", token });
    expect(await errorOf(response)).toMatchObject({ status: 429, code: "THROTTLING_QUOTA_EXCEEDED", limit: 100 });
    await ticketOf(await tokenOf({ claims: { namespace: "many", sub: "another" } }));
  });
});

test("S04: with a token no ticket is needed, and a foreign origin is refused all the same", async () => {
  const token = await tokenOf();
  const open = async (headers: Readonly<Record<string, string>>): Promise<Response> =>
    await ask("/v1/tail", { token, headers: { upgrade: "websocket", ...headers } });
  expect((await open({})).status).toBe(101);
  expect((await open({ origin: PAGE })).status).toBe(101);
  expect(await refusal(await open({ origin: "https://evil.example" }))).toEqual([403, "FORBIDDEN_ORIGIN"]);
});

describe("S04: an open socket", () => {
  test.each([{ hibernated: false }, { hibernated: true }])(
    "gets no frame once its credential has expired, hibernated: $hibernated",
    async ({ hibernated }) => {
      // The edge's clock may be five seconds behind the issuer's.
      const { lab, place, tail } = await tailed({ exp: now() - 2 });
      if (hibernated) await evict(lab.namespace, place);
      vi.spyOn(Date, "now").mockReturnValue((now() + 10) * 1_000);
      if (hibernated) await evict(lab.namespace, place);
      await lab.asAdmin(produceOf(place, "late"));
      await tail.until(() => tail.closed !== null);
      expect([tail.values(), lastError(tail), tail.closed?.code]).toEqual([
        ["0:first"],
        [null, "SASL_AUTHENTICATION_FAILED"],
        1008,
      ]);
    },
  );

  test("closes by itself as its credential expires", async () => {
    const { tail } = await tailed({ exp: now() - 2 });
    await tail.until(() => tail.closed !== null, 20_000);
    expect([lastError(tail), tail.closed?.code]).toEqual([[null, "SASL_AUTHENTICATION_FAILED"], 1008]);
  });

  test.each([{ principal: "User:bob" }, { credentialId: "t-1" }])(
    "is closed within 30 seconds of revoking %o, and gets nothing after",
    async (json) => {
      const { lab, place, tail } = await tailed({ jti: "t-1" });
      await lab.asAdmin({ method: "POST", path: "/v1/revocations", json });
      await evict(lab.namespace, place);
      await tail.until(() => tail.closed !== null, 30_000);
      expect([lastError(tail), tail.closed?.code]).toEqual([[null, "SASL_AUTHENTICATION_FAILED"], 1008]);
    },
    45_000,
  );

  test("loses a subscription within 30 seconds of the right to it, and stays", async () => {
    const { lab, tail } = await tailed();
    await lab.allow({ permissionType: "DENY" });
    await tail.until(() => tail.frames("error").length > 0, 30_000);
    expect([lastError(tail), tail.closed]).toEqual([[1, "TOPIC_AUTHORIZATION_FAILED"], null]);
    tail.close();
  }, 45_000);
});
