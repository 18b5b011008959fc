/** A stream of records whose credential or right ends: nothing more is stored, and its sender is told where it ended. */
import { describe, expect, test } from "vitest";
import type { Acl } from "../../shared/api/acls.ts";
import { NO_RULES } from "../../edge/access/rules.ts";
import type { Bearer } from "../../edge/access/standing.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { LiveBody, RecordStreamLab, textOf } from "./record-stream-lab.ts";

const ann: Bearer = {
  principal: "ann",
  grants: [{ resourceType: "TOPIC", resourceName: "orders", patternType: "LITERAL", operation: "WRITE" }],
  expiresAtMs: null,
  credentialId: "c-1",
  issuedAtMs: 1,
};
const revoked = { id: "r", principal: null, credentialId: "c-1", before: null, until: null };
const denied: Acl = {
  ...{ resourceType: "TOPIC", resourceName: "orders", patternType: "LITERAL", principal: "User:ann" },
  ...{ operation: "WRITE", permissionType: "DENY" },
};
const FIRST = { line: 1, partition: 0, offset: 0 };

interface Sending {
  readonly lab: RecordStreamLab;
  readonly body: LiveBody;
  readonly reports: Promise<unknown[]>;
}

/** One line is stored. */
async function sending(bearer: Bearer): Promise<Sending> {
  const lab = new RecordStreamLab();
  lab.bearer = bearer;
  const body = new LiveBody();
  const reports = textOf(lab.stream(body.readable)).then((text) =>
    text
      .trimEnd()
      .split("\n")
      .map((line): unknown => JSON.parse(line)),
  );
  body.line("a");
  await lab.clock.advance(10);
  await lab.rest();
  expect(lab.stored).toBe(1);
  return { lab, body, reports };
}

async function expectEnded({ lab, body, reports }: Sending, code: string): Promise<void> {
  await lab.done;
  expect(await reports).toEqual([FIRST, { error: expect.objectContaining({ code }) }]);
  expect([lab.stored, body.isCancelled]).toEqual([1, true]);
}

describe("S04: of a stream of records", () => {
  test("a credential that expires ends it then, also where nothing moves", async () => {
    const sent = await sending({ ...ann, expiresAtMs: new VirtualClock().now() + 12_000 });
    await sent.lab.clock.advance(11_900);
    expect(sent.body.isCancelled).toBe(false);
    await sent.lab.clock.advance(100);
    await expectEnded(sent, "SASL_AUTHENTICATION_FAILED");
  });

  test("no line is stored after that, though it was read before anybody looked", async () => {
    const sent = await sending({ ...ann, expiresAtMs: new VirtualClock().now() + 12_000 });
    sent.lab.clock.jump(12_000);
    sent.body.line("b");
    await sent.lab.clock.advance(10);
    await expectEnded(sent, "SASL_AUTHENTICATION_FAILED");
  });

  test.each([
    ["revoked", { ...NO_RULES, revocations: [revoked] }, "SASL_AUTHENTICATION_FAILED"],
    ["denied", { ...NO_RULES, acls: [denied] }, "TOPIC_AUTHORIZATION_FAILED"],
  ])("what is %s acts with the next look, also where nothing moves", async (_, rules, code) => {
    const sent = await sending(ann);
    sent.lab.rules = () => Promise.resolve(rules);
    await sent.lab.clock.advance(5_000);
    await expectEnded(sent, code);
  });

  test("rules that cannot be asked for end it within a minute; while they can, it goes on for as long as it likes", async () => {
    const sent = await sending(ann);
    await sent.lab.clock.advance(600_000);
    expect(sent.body.isCancelled).toBe(false);
    sent.lab.rules = () => Promise.reject(new Error("gone"));
    await sent.lab.clock.advance(60_000);
    await expectEnded(sent, "NETWORK_EXCEPTION");
  });
});
