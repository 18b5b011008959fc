/** An event stream whose credential or right ends: nothing more is sent, and its reader is told. */
import { describe, expect, test } from "vitest";
import type { Acl } from "../../shared/api/acls.ts";
import { NO_RULES } from "../../edge/access/rules.ts";
import { type Bearer } from "../../edge/access/standing.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { EventStreamLab, batchAt } from "./tail-events-lab.ts";

describe("S04: of an event stream", () => {
  const ann: Bearer = {
    principal: "ann",
    grants: [{ resourceType: "TOPIC", resourceName: "t", patternType: "LITERAL", operation: "READ" }],
    expiresAtMs: null,
    credentialId: "c-1",
    issuedAtMs: 1,
  };
  const revoked = { id: "r", principal: null, credentialId: "c-1", before: null, until: null };
  const denied: Acl = {
    ...{ resourceType: "TOPIC", resourceName: "t", patternType: "LITERAL", principal: "User:ann" },
    ...{ operation: "READ", permissionType: "DENY" },
  };

  async function reading(bearer: Bearer): Promise<EventStreamLab> {
    const lab = new EventStreamLab();
    lab.bearer = bearer;
    await lab.open();
    lab.readOn();
    lab.records(batchAt(0, "a"));
    await lab.clock.advance(10);
    expect([lab.values, lab.done]).toEqual([["a"], false]);
    return lab;
  }

  function expectRefused(lab: EventStreamLab, code: string): void {
    const last = lab.events.at(-1);
    expect([last?.type, lab.values, lab.done, lab.closed]).toEqual(["refused", ["a"], true, true]);
    expect(JSON.parse(last?.data ?? "")).toMatchObject({ error: { code } });
  }

  test("a credential that expires ends it then, also where nothing moves", async () => {
    const lab = await reading({ ...ann, expiresAtMs: new VirtualClock().now() + 12_000 });
    await lab.clock.advance(11_900);
    expect(lab.done).toBe(false);
    await lab.clock.advance(100);
    expectRefused(lab, "SASL_AUTHENTICATION_FAILED");
  });

  test("no record is sent after that", async () => {
    const lab = await reading({ ...ann, expiresAtMs: new VirtualClock().now() + 12_000 });
    lab.clock.jump(12_000);
    lab.records(batchAt(1, "b"));
    await lab.clock.settle();
    expectRefused(lab, "SASL_AUTHENTICATION_FAILED");
  });

  test.each([
    ["revoked", { ...NO_RULES, revocations: [revoked] }, "SASL_AUTHENTICATION_FAILED"],
    ["denied", { ...NO_RULES, acls: [denied] }, "TOPIC_AUTHORIZATION_FAILED"],
  ])("what is %s acts within 30 seconds", async (_, rules, code) => {
    const lab = await reading(ann);
    lab.rules = () => Promise.resolve(rules);
    await lab.clock.advance(30_000);
    expectRefused(lab, code);
  });

  test("rules that cannot be asked for end it within a minute", async () => {
    const lab = await reading(ann);
    lab.rules = () => Promise.reject(new Error("gone"));
    await lab.clock.advance(20_000);
    expect(lab.done).toBe(false);
    await lab.clock.advance(40_000);
    expectRefused(lab, "NETWORK_EXCEPTION");
  });

  test("a reader that takes nothing holds no socket of the partition after that, and is told once it reads", async () => {
    const lab = new EventStreamLab();
    lab.bearer = { ...ann, expiresAtMs: new VirtualClock().now() + 12_000 };
    await lab.open();
    await lab.clock.advance(12_000);
    expect(lab.closed).toBe(true);
    lab.readOn();
    await lab.clock.settle();
    expect([lab.events.at(-1)?.type, lab.done]).toEqual(["refused", true]);
  });
});
