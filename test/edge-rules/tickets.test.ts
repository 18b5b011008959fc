/** What a controller keeps of tickets for sockets, and the text of one. */
import { expect, test } from "vitest";
import { ANYBODY, type Caller } from "../../edge/auth/caller.ts";
import { macOf } from "../../edge/auth/mac.ts";
import { macKey } from "../../edge/auth/secret.ts";
import { readTicket, writeTicket } from "../../edge/auth/ticket.ts";
import { Tickets } from "../../edge/controller/tickets.ts";
import type { Env } from "../../edge/env.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { StrandlineError } from "../../shared/strandline-error.ts";
import { systemRandom } from "../../edge/system-ports.ts";

const ANN: Caller = { ...ANYBODY, namespace: "acme", principal: "ann" };
const EDGE = { STRANDLINE_AUTH: "jwt", STRANDLINE_SECRET: "s".repeat(32) } as unknown as Env;

let nowMs = 1_000_000;

function newTickets(): Tickets {
  return new Tickets({ now: () => nowMs, sleep: () => Promise.resolve() }, systemRandom);
}

test("S04: a ticket is good once, for whoever asked, and has 32 random bytes", () => {
  const tickets = newTickets();
  const one = tickets.issue({ caller: ANN, origin: null });
  const other = tickets.issue({ caller: { ...ANN, principal: "bob" }, origin: null });
  expect([one.secret.length, one.expiresInMs, one.secret === other.secret]).toEqual([43, 30_000, false]);
  expect(tickets.redeem(one.secret, "https://any.example")).toEqual(ANN);
  expect(tickets.redeem(one.secret, null)).toBeNull();
  expect(tickets.redeem(other.secret, null)?.principal).toBe("bob");
  expect(tickets.redeem("x".repeat(43), null)).toBeNull();
});

test("S04: one that a page asked for is good from its origin alone, and is not spent by another", () => {
  const tickets = newTickets();
  const { secret } = tickets.issue({ caller: ANN, origin: "https://app.example" });
  for (const origin of [null, "https://evil.example", "https://app.example.evil.example", ""])
    expect(tickets.redeem(secret, origin)).toBeNull();
  expect(tickets.redeem(secret, "https://app.example")).toEqual(ANN);
});

test.each([30_000, 60_000, -1])("S04: after %d ms it is none", (ms) => {
  const tickets = newTickets();
  const { secret } = tickets.issue({ caller: ANN, origin: null });
  const { secret: younger } = tickets.issue({ caller: ANN, origin: null });
  nowMs += ms;
  expect(tickets.redeem(secret, null)).toBeNull();
  nowMs -= ms;
  nowMs += 29_999;
  expect(tickets.redeem(younger, null)).toEqual(ANN);
});

test("a principal holds so many that are not used, and another one is not kept waiting for it", () => {
  const tickets = newTickets();
  const issued = Array.from({ length: LIMITS.ticketsPerPrincipalMax }, () => {
    nowMs += 1;
    return tickets.issue({ caller: ANN, origin: null });
  });
  const refusal = refusalOf(() => tickets.issue({ caller: ANN, origin: null }));
  expect(refusal).toMatchObject({ code: "THROTTLING_QUOTA_EXCEEDED", details: { limit: 100, retryAfterMs: 29_901 } });
  expect(tickets.issue({ caller: { ...ANN, principal: "bob" }, origin: null }).secret).toHaveLength(43);
  expect(tickets.redeem(issued[50]?.secret ?? "", null)).toEqual(ANN);
  expect(tickets.issue({ caller: ANN, origin: null }).secret).toHaveLength(43);
  nowMs += 29_902;
  expect(tickets.issue({ caller: ANN, origin: null }).secret).toHaveLength(43);
});

test("a namespace holds so many over all principals", () => {
  const tickets = newTickets();
  for (let index = 0; index < LIMITS.ticketsPerNamespaceMax; index += 1)
    tickets.issue({ caller: { ...ANN, principal: `p-${index % 1_000}` }, origin: null });
  expect(refusalOf(() => tickets.issue({ caller: ANN, origin: null }))).toMatchObject({
    code: "THROTTLING_QUOTA_EXCEEDED",
    details: { limit: LIMITS.ticketsPerNamespaceMax },
  });
});

test("S04: the text names its namespace, and none is believed that the edge did not write", async () => {
  const ticket = { namespace: "acmé/…", secret: "s".repeat(43) };
  const text = await writeTicket(EDGE, ticket);
  expect(text).toMatch(/^[A-Za-z0-9_.-]+$/);
  expect(await readTicket(EDGE, text)).toEqual(ticket);
  const [namespace = "", secret = "", mac = ""] = text.split(".");
  const elsewhere = await macOf(await macKey(EDGE, "member-id"), [ticket.namespace, secret]);
  const forged = [
    "",
    ".",
    "..",
    `${btoa("other")}.${secret}.${mac}`,
    `${namespace}.${"t".repeat(43)}.${mac}`,
    `${namespace}.${secret}.`,
    `${namespace}.${secret}.${mac.slice(0, 42)}`,
    `${namespace}.${secret}.${"A".repeat(43)}`,
    `${namespace}.${secret}.${elsewhere}`,
    `${namespace}.${secret}.${mac}.`,
    `${namespace}=.${secret}.${mac}`,
    `${namespace}.${secret}.${mac}=`,
    "a".repeat(100_000),
  ];
  for (const one of forged)
    await expect(readTicket(EDGE, one)).rejects.toMatchObject({ code: "SASL_AUTHENTICATION_FAILED" });
  const other = { ...EDGE, STRANDLINE_SECRET: "t".repeat(32) };
  await expect(readTicket(other, text)).rejects.toMatchObject({ code: "SASL_AUTHENTICATION_FAILED" });
});

function refusalOf(step: () => unknown): StrandlineError | null {
  try {
    step();
    return null;
  } catch (thrown) {
    return thrown as StrandlineError;
  }
}
