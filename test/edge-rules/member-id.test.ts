/** Member ids, and the secret that they are signed under. */
import { expect, test } from "vitest";
import { base64Url, isMacOf, macOf } from "../../edge/auth/mac.ts";
import { isMemberIdOf, memberIdOf } from "../../edge/auth/member-id.ts";
import { macKey, type Purpose } from "../../edge/auth/secret.ts";
import { systemRandom } from "../../edge/system-ports.ts";
import type { Env } from "../../edge/env.ts";
import type { StrandlineError } from "../../shared/strandline-error.ts";

const SECRET = "s".repeat(32);
const ANN = { namespace: "acme", principal: "ann" };

function edge(settings: Partial<Env>): Env {
  return { STRANDLINE_AUTH: "jwt", ...settings } as unknown as Env;
}

const EDGE = edge({ STRANDLINE_SECRET: SECRET });

/** Of a name that nobody else has. */
async function newMemberId(env: Env = EDGE): Promise<string> {
  return (await memberIdOf(env, ANN, base64Url(systemRandom.bytes(16)))) ?? "";
}

test("a name has one id, whoever computes it, and what is no name has none", async () => {
  const name = base64Url(systemRandom.bytes(16));
  expect(await memberIdOf(EDGE, ANN, name)).toBe(await memberIdOf(EDGE, ANN, name));
  for (const none of ["", "a", `${name}a`, `${name.slice(1)}.`, `${name.slice(1)}\n`])
    expect(await memberIdOf(EDGE, ANN, none)).toBeNull();
});

test("S03: a member id is good for whom it was made for, and for nobody who has learned it", async () => {
  const memberId = await newMemberId();
  expect(memberId).toMatch(/^[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}$/);
  expect(await isMemberIdOf(EDGE, ANN, memberId)).toBe(true);
  for (const thief of [
    { ...ANN, principal: "bob" },
    { ...ANN, namespace: "other" },
    { namespace: "acmea", principal: "nn" },
    { namespace: "ann", principal: "acme" },
  ])
    expect(await isMemberIdOf(EDGE, thief, memberId)).toBe(false);
  expect(await newMemberId()).not.toBe(memberId);
});

test("S03: what was changed, cut or made up is none", async () => {
  const memberId = await newMemberId();
  const [name = "", mac = ""] = memberId.split(".");
  const other = (await newMemberId()).split(".")[0] ?? "";
  for (const one of ["", ".", name, `${name}.`, `${other}.${mac}`, `${memberId}a`, `${memberId}=`, ` ${memberId}`])
    expect(await isMemberIdOf(EDGE, ANN, one)).toBe(false);
  // The last character of 43 holds two bits that are none of the MAC's.
  const twins = Array.from(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    (last) => memberId.slice(0, -1) + last,
  );
  const good = await Promise.all(twins.map(async (one) => await isMemberIdOf(EDGE, ANN, one)));
  expect(good.filter(Boolean)).toHaveLength(1);
});

test("no two lists of texts have one MAC", async () => {
  const key = await macKey(EDGE, "ticket");
  const lists = [["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""], ["", "abc"], ["\u0000\u0000\u0000\u0001a"], ["a"], []];
  const macs = await Promise.all(lists.map(async (one) => await macOf(key, one)));
  expect(new Set(macs).size).toBe(lists.length);
  expect(await isMacOf(key, ["ab", "c"], macs[0] ?? "")).toBe(true);
  expect(await isMacOf(key, ["a", "bc"], macs[0] ?? "")).toBe(false);
});

test("each purpose and each secret has a key of its own, whatever the secret is set as", async () => {
  const edges = [
    EDGE,
    edge({ STRANDLINE_SECRET: "t".repeat(32) }),
    edge({ STRANDLINE_JWT_SECRET: SECRET }),
    edge({ STRANDLINE_AUTH: "none" }),
  ];
  const purposes: readonly Purpose[] = ["ticket", "member-id"];
  const macs = await Promise.all(
    edges.flatMap((one) => purposes.map(async (purpose) => await macOf(await macKey(one, purpose), ["a"]))),
  );
  expect(new Set(macs).size).toBe(8);
  const both = edge({ STRANDLINE_SECRET: SECRET, STRANDLINE_JWT_SECRET: "another one, which is not looked at" });
  expect(await macOf(await macKey(both, "ticket"), ["a"])).toBe(macs[0]);
});

test.each([
  [{}, "STRANDLINE_SECRET"],
  [{ STRANDLINE_SECRET: "" }, "STRANDLINE_SECRET"],
  [{ STRANDLINE_SECRET: "s".repeat(31) }, "STRANDLINE_SECRET"],
  [{ STRANDLINE_SECRET: "s".repeat(31), STRANDLINE_JWT_SECRET: SECRET }, "STRANDLINE_SECRET"],
  [{ STRANDLINE_JWT_SECRET: "canary" }, "STRANDLINE_JWT_SECRET"],
  [{ STRANDLINE_AUTH: "none", STRANDLINE_SECRET: "canary" }, "STRANDLINE_SECRET"],
])("S07: of the settings %o the one that is wrong is named, and not shown", async (settings, named) => {
  const thrown: unknown = await newMemberId(edge(settings)).catch((error: unknown) => error);
  expect(thrown).toMatchObject({ code: "NOT_CONFIGURED", details: { setting: named } });
  expect(JSON.stringify((thrown as StrandlineError).toBody())).not.toMatch(/canary|sss/);
});
