/** A stream of records whose sender has a rate: it is read no faster, and every line is stored. */
import { expect, test } from "vitest";
import { NO_RULES } from "../../edge/access/rules.ts";
import { ANYBODY } from "../../edge/auth/caller.ts";
import { PrincipalMeter, REFUSALS_MAX } from "../../edge/quota/principal-meter.ts";
import { RequestQuota } from "../../edge/quota/request-quota.ts";
import { throttled } from "../../edge/quota/throttled.ts";
import { bodyOf, LiveBody, RecordStreamLab, textOf } from "./record-stream-lab.ts";

const RATE = 20_000;
const BURST = 10 * RATE;

function labOf(): RecordStreamLab & { readonly meter: PrincipalMeter } {
  const lab = new RecordStreamLab();
  const meter = new PrincipalMeter(lab.clock, { producer_byte_rate: RATE, connections_max: 1 });
  lab.quota = new RequestQuota("ann", meter);
  return Object.assign(lab, { meter });
}

const linesOf = (text: string): unknown[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line));

const stored = (count: number): unknown[] =>
  Array.from({ length: count }, (_, index) => ({ line: index + 1, partition: 0, offset: index }));

test("S05: it comes at the rate behind its burst, the body waits, and nothing is lost", async () => {
  const lab = labOf();
  const body = bodyOf(400, 1_000);
  const reports = textOf(lab.stream(body.readable));
  for (let second = 0; second < 20; second += 1) {
    await lab.clock.advance(1_000);
    await lab.rest();
    // Nine bytes a record and more: what is stored, and the body that was read for it.
    expect(lab.stored * 9).toBeLessThan(BURST + RATE * (second + 2));
  }
  expect(lab.stored * 12).toBeGreaterThan(BURST + RATE * 15);
  expect(body.taken()).toBeLessThan(100);
  await lab.clock.advance(400_000);
  await lab.done;
  expect(linesOf(await reports)).toEqual(stored(400_000));
});

test("who owes begins none; nor does who has as many open as it may", () => {
  const lab = labOf();
  lab.quota.charge("producer_byte_rate", BURST + 1);
  const refused = expect.objectContaining({ code: "THROTTLING_QUOTA_EXCEEDED" });
  expect(() => lab.stream(bodyOf(1, 1).readable)).toThrow(refused);
  const other = labOf();
  other.stream(new LiveBody().readable);
  expect(() => other.stream(bodyOf(1, 1).readable)).toThrow(refused);
});

test("a stream that is over is no connection any more", async () => {
  const lab = labOf();
  for (let stream = 0; stream < 3; stream += 1) {
    expect(linesOf(await textOf(lab.stream(bodyOf(1, 1).readable)))).toEqual([
      { line: 1, partition: 0, offset: stream },
    ]);
    await lab.done;
  }
});

test("a partition that refuses it for what came by other ways is asked again, in order", async () => {
  const lab = labOf();
  lab.refusal = throttled("producer_byte_rate", RATE, 7_000);
  const reports = textOf(lab.stream(bodyOf(1, 100).readable));
  await lab.clock.advance(6_900);
  await lab.rest();
  expect(lab.appended).toEqual([]);
  await lab.clock.advance(200);
  await lab.done;
  expect(linesOf(await reports)).toEqual(stored(100));
});

test("what a partition tells it to wait, it waits", async () => {
  const lab = labOf();
  lab.throttleMs = 7_000;
  const body = new LiveBody();
  lab.stream(body.readable);
  body.line("a");
  await lab.clock.advance(10);
  body.line("b");
  await lab.clock.advance(6_000);
  expect(lab.stored).toBe(1);
  await lab.clock.advance(1_100);
  expect(lab.stored).toBe(2);
});

test("a stream that waits ends with its credential, and what was not stored has no report", async () => {
  const lab = labOf();
  const grants = [
    { resourceType: "TOPIC", resourceName: "orders", patternType: "LITERAL", operation: "WRITE" },
  ] as const;
  lab.bearer = { ...ANYBODY, credentialId: "c-1", grants };
  lab.throttleMs = 3_600_000;
  const body = new LiveBody();
  const reports = textOf(lab.stream(body.readable));
  body.line("a");
  await lab.clock.advance(10);
  body.line("b");
  await lab.clock.advance(10_000);
  const revocations = [{ id: "r", principal: null, credentialId: "c-1", before: null, until: null }];
  lab.rules = () => Promise.resolve({ ...NO_RULES, revocations });
  await lab.clock.advance(10_000);
  await lab.done;
  expect(linesOf(await reports)).toEqual([
    { line: 1, partition: 0, offset: 0 },
    { error: expect.objectContaining({ code: "SASL_AUTHENTICATION_FAILED" }) },
  ]);
  expect(lab.stored).toBe(1);
});

test("who is cut off has its streams ended", async () => {
  const lab = labOf();
  const body = new LiveBody();
  const reports = textOf(lab.stream(body.readable));
  body.line("a");
  await lab.clock.advance(10);
  lab.quota.charge("producer_byte_rate", 2 * BURST);
  for (let refusals = 0; refusals <= REFUSALS_MAX; refusals += 1)
    expect(() => lab.meter.admit("producer_byte_rate")).toThrow();
  await lab.done;
  expect(linesOf(await reports).at(-1)).toEqual({
    error: expect.objectContaining({ code: "THROTTLING_QUOTA_EXCEEDED" }),
  });
  expect(body.isCancelled).toBe(true);
});
