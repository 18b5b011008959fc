/** How much: rates, who is refused, who is cut off, and which quota binds whom. */
import type { Resource } from "../../edge/access/acl.ts";
import { NO_RULES, type NamespaceRules } from "../../edge/access/rules.ts";
import { ANYBODY, type Caller } from "../../edge/auth/caller.ts";
import { meterOf } from "../../edge/caller-meter.ts";
import type { Env } from "../../edge/env.ts";
import type { EdgePorts } from "../../edge/operations/ports.ts";
import { alterQuotas, describeQuotas } from "../../edge/operations/quotas.ts";
import type { EntityQuotas } from "../../shared/api/quotas.ts";
import { describe, expect, test } from "vitest";
import { edgeQuotas } from "../../edge/quota/edge-quotas.ts";
import { effectiveQuotas } from "../../edge/quota/effective-quotas.ts";
import { PartitionQuotas } from "../../edge/quota/partition-quotas.ts";
import { CUT_OFF_MS, PrincipalMeter, REFUSALS_MAX } from "../../edge/quota/principal-meter.ts";
import { PrincipalMeters } from "../../edge/quota/principal-meters.ts";
import { RequestQuota } from "../../edge/quota/request-quota.ts";
import { TokenBucket } from "../../edge/quota/token-bucket.ts";
import type { StrandlineError } from "../../shared/strandline-error.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

function refusalOf(body: () => unknown): Readonly<Record<string, unknown>> | null {
  try {
    body();
    return null;
  } catch (thrown) {
    return (thrown as StrandlineError).toBody();
  }
}

test("R27 a clock that was ten years ahead as somebody was cut off keeps nobody out for ten years", () => {
  const clock = new VirtualClock();
  const meter = new PrincipalMeter(clock, { request_rate: 1 });
  clock.jump(315_576_000_000);
  meter.charge("request_rate", 1_000);
  for (let time = 0; time <= REFUSALS_MAX; time += 1) refusalOf(() => meter.admit("request_rate"));
  expect(refusalOf(() => meter.admit("producer_byte_rate"))).toMatchObject({ retryAfterMs: CUT_OFF_MS });
  clock.jump(-315_576_000_000);
  expect(refusalOf(() => meter.admit("producer_byte_rate"))).toBeNull();
});

describe("a bucket", () => {
  test("gives ten seconds' worth at once, and then as much as its rate", () => {
    const bucket = new TokenBucket(100, 0);
    expect(bucket.take(1_000, 0)).toBe(0);
    expect(bucket.take(1, 0)).toBe(10);
    expect(bucket.waitMs(9)).toBe(1);
    expect(bucket.waitMs(10)).toBe(0);
    expect(bucket.isFull(10_009)).toBe(false);
    expect(bucket.isFull(10_010)).toBe(true);
    expect(bucket.take(1_000, 60_000)).toBe(0);
    expect(bucket.take(50, 60_000)).toBe(500);
  });

  test("over any stretch of time lets through no more than the rate, the burst and one request", () => {
    const bucket = new TokenBucket(1_000, 0);
    let taken = 0;
    let now = 0;
    for (let request = 0; request < 500; request += 1) {
      const bytes = 1 + ((request * 7_919) % 3_000);
      taken += bytes;
      now += bucket.take(bytes, now);
      expect(taken).toBeLessThanOrEqual(10_000 + now + 1);
    }
    expect(taken).toBeGreaterThan(now);
  });

  test("neither gives nor takes by a clock that is set back", () => {
    const bucket = new TokenBucket(100, 1_000_000);
    expect(bucket.take(1_100, 1_000_000)).toBe(1_000);
    expect(bucket.waitMs(0)).toBe(1_000);
    expect(bucket.waitMs(400)).toBe(600);
  });
});

describe("which quotas bind", () => {
  const stored = [
    { entity: "<default>", quotas: { producer_byte_rate: 10, request_rate: 5 } },
    { entity: "User:ada", quotas: { producer_byte_rate: 20 } },
    { entity: "User:__proto__", quotas: { producer_byte_rate: 30 } },
  ];

  test("each by itself: the principal's, then the default's, then the edge's", () => {
    const edgeWide = { request_rate: 1, topics_max: 3 };
    expect(effectiveQuotas("ada", stored, edgeWide)).toEqual({
      producer_byte_rate: 20,
      request_rate: 5,
      topics_max: 3,
    });
    expect(effectiveQuotas("bob", stored, null)).toEqual({ producer_byte_rate: 10, request_rate: 5 });
    expect(effectiveQuotas("bob", [], edgeWide)).toEqual(edgeWide);
    expect(effectiveQuotas("bob", [], null)).toBeNull();
  });

  test("S06 principals that are named as what every object has are principals like any other", () => {
    expect(effectiveQuotas("__proto__", stored, null)).toEqual({ producer_byte_rate: 30, request_rate: 5 });
    for (const name of ["constructor", "toString", "<default>"])
      expect(effectiveQuotas(name, stored, null)).toEqual({ producer_byte_rate: 10, request_rate: 5 });
  });

  test("an edge's own setting that is no quota is an error, not no limit", () => {
    expect(edgeQuotas({})).toBeNull();
    expect(edgeQuotas({ STRANDLINE_QUOTA_TOPICS_MAX: "0", STRANDLINE_QUOTA_REQUEST_RATE: "0.5" })).toEqual({
      topics_max: 0,
      request_rate: 0.5,
    });
    for (const text of ["ten", "0", "-1", "Infinity", "1e999"])
      expect(refusalOf(() => edgeQuotas({ STRANDLINE_QUOTA_PRODUCER_BYTE_RATE: text }))).toMatchObject({
        code: "NOT_CONFIGURED",
        setting: "STRANDLINE_QUOTA_PRODUCER_BYTE_RATE",
      });
    expect(refusalOf(() => edgeQuotas({ STRANDLINE_QUOTA_TOPICS_MAX: "1.5" }))).toMatchObject({
      code: "NOT_CONFIGURED",
    });
  });
});

describe("a principal", () => {
  test("is carried out over its rate, and refused before it has waited", async () => {
    const clock = new VirtualClock();
    const meter = new PrincipalMeter(clock, { producer_byte_rate: 100 });
    const first = new RequestQuota("ada", meter);
    first.admit("producer_byte_rate");
    first.charge("producer_byte_rate", 900);
    expect(first.throttleMs).toBe(0);
    first.charge("producer_byte_rate", 300);
    expect([first.throttleMs, first.waitMs("producer_byte_rate")]).toEqual([2_000, 2_000]);
    // What was begun is carried out.
    expect(refusalOf(() => first.admit("producer_byte_rate"))).toBeNull();
    await clock.advance(500);
    const early = refusalOf(() => new RequestQuota("ada", meter).admit("producer_byte_rate"));
    expect(early).toMatchObject({
      code: "THROTTLING_QUOTA_EXCEEDED",
      retriable: true,
      quota: "producer_byte_rate",
      limit: 100,
      retryAfterMs: 1_500,
    });
    expect(refusalOf(() => meter.admit("consumer_byte_rate"))).toBeNull();
    expect(first.waitMs("producer_byte_rate")).toBe(1_500);
    await clock.advance(1_500);
    expect([first.throttleMs, first.waitMs("producer_byte_rate")]).toEqual([2_000, 0]);
    expect(refusalOf(() => new RequestQuota("ada", meter).admit("producer_byte_rate"))).toBeNull();
  });

  test("that goes on coming too soon is cut off, with its connections, for half a minute and no longer", async () => {
    const clock = new VirtualClock();
    const meter = new PrincipalMeter(clock, { request_rate: 1, producer_byte_rate: 1 });
    const closed: unknown[] = [];
    meter.connect((error) => closed.push(error.toBody()));
    const gone = meter.connect(() => closed.push("gone"));
    gone();
    meter.charge("producer_byte_rate", 20);
    for (let refused = 0; refused < REFUSALS_MAX; refused += 1) {
      // Another rate that is not used up does not make it a new beginning.
      meter.admit("request_rate");
      expect(refusalOf(() => meter.admit("producer_byte_rate"))).toMatchObject({ retryAfterMs: 10_000 });
    }
    expect(closed).toEqual([]);
    expect(refusalOf(() => meter.admit("producer_byte_rate"))).toMatchObject({ retryAfterMs: CUT_OFF_MS });
    expect(closed).toEqual([expect.objectContaining({ code: "THROTTLING_QUOTA_EXCEEDED", retryAfterMs: CUT_OFF_MS })]);
    await clock.advance(CUT_OFF_MS - 1);
    expect(refusalOf(() => meter.admit("request_rate"))).toMatchObject({ retryAfterMs: 1 });
    await clock.advance(1);
    expect(refusalOf(() => meter.admit("request_rate"))).toBeNull();
    expect(refusalOf(() => meter.admit("producer_byte_rate"))).toBeNull();
  });

  test("has so many connections, and another once one of them has gone, however often that is said", () => {
    const meter = new PrincipalMeter(new VirtualClock(), { connections_max: 2 });
    const close = (): void => undefined;
    const first = meter.connect(close);
    meter.connect(close);
    expect(refusalOf(() => meter.connect(close))).toMatchObject({ quota: "connections_max", limit: 2 });
    first();
    first();
    meter.connect(close);
    expect(refusalOf(() => meter.connect(close))).toMatchObject({ quota: "connections_max" });
  });

  test("whose quota is altered begins anew under it", () => {
    const meter = new PrincipalMeter(new VirtualClock(), { producer_byte_rate: 1 });
    meter.charge("producer_byte_rate", 1_000_000);
    expect(refusalOf(() => meter.admit("producer_byte_rate"))).not.toBeNull();
    meter.quotas = { producer_byte_rate: 1_000 };
    expect(refusalOf(() => meter.admit("producer_byte_rate"))).toBeNull();
    meter.quotas = {};
    expect(meter.charge("producer_byte_rate", 1e12)).toBe(0);
  });

  test("is forgotten where there are many, unless it owes something or is connected", () => {
    const meters = new PrincipalMeters(new VirtualClock(), 3);
    const of = (principal: string): PrincipalMeter =>
      meters.meterOf({ namespace: "n", principal }, { request_rate: 1 });
    of("owes").charge("request_rate", 100);
    of("connected").connect(() => undefined);
    of("idle");
    of("new");
    expect(meters.size).toBe(3);
    expect(of("owes").waitMs("request_rate")).toBe(90_000);
    expect(meters.meterOf({ namespace: "m", principal: "owes" }, { request_rate: 1 }).waitMs("request_rate")).toBe(0);
  });
});

describe("whose use is metered", () => {
  const rules: NamespaceRules = { ...NO_RULES, quotas: [{ entity: "User:ada", quotas: { request_rate: 5 } }] };
  const ada: Caller = { ...ANYBODY, principal: "ada", grants: [], expiresAtMs: 1 };
  const settings = (quotas: object): Env => quotas as Env;

  test("that of who has a quota, and of nobody else", () => {
    expect(meterOf(settings({}), ada, rules)?.rate("request_rate")).toBe(5);
    expect(meterOf(settings({}), { ...ada, principal: "bob" }, rules)).toBeNull();
    const edgeWide = settings({ STRANDLINE_QUOTA_REQUEST_RATE: "7" });
    expect(meterOf(edgeWide, { ...ada, principal: "bob" }, rules)?.rate("request_rate")).toBe(7);
    expect(meterOf(settings({}), ada, rules)).toBe(meterOf(settings({}), ada, rules));
    expect(meterOf(settings({}), { ...ada, namespace: "other" }, rules)).not.toBe(meterOf(settings({}), ada, rules));
  });

  test("an administrator's is not; where the doors are open, the edge's own settings bind all", () => {
    const edgeWide = settings({ STRANDLINE_QUOTA_REQUEST_RATE: "7" });
    expect(meterOf(edgeWide, { ...ada, grants: "all" }, rules)).toBeNull();
    expect(meterOf(edgeWide, ANYBODY, NO_RULES)?.rate("request_rate")).toBe(7);
    expect(meterOf(settings({}), ANYBODY, NO_RULES)).toBeNull();
  });
});

describe("the rights", () => {
  const portsOf = (...allowed: readonly string[]): EdgePorts =>
    ({
      access: {
        allows: (operation: string, { resourceType }: Resource) => allowed.includes(`${operation} ${resourceType}`),
      },
      controller: {
        rules: () => Promise.resolve(NO_RULES),
        alterQuotas: (value: EntityQuotas) => Promise.resolve({ ok: true, value }),
      },
    }) as unknown as EdgePorts;
  const asked = { entity: "User:ada", quotas: { topics_max: 1 } };

  test("of describing and of altering are the cluster's", async () => {
    const refused = { code: "CLUSTER_AUTHORIZATION_FAILED" };
    await expect(describeQuotas(portsOf("ALTER_CONFIGS CLUSTER", "DESCRIBE_CONFIGS TOPIC"))).rejects.toMatchObject(
      refused,
    );
    await expect(alterQuotas(portsOf("DESCRIBE_CONFIGS CLUSTER", "ALTER_CONFIGS TOPIC"), asked)).rejects.toMatchObject(
      refused,
    );
    expect(await describeQuotas(portsOf("DESCRIBE_CONFIGS CLUSTER"))).toEqual({ entities: [] });
    expect(await alterQuotas(portsOf("ALTER_CONFIGS CLUSTER"), asked)).toEqual(asked);
  });
});

describe("at a partition", () => {
  const bytes = new Uint8Array(1_500);

  test("the append that goes over is made and told to wait; the next does not happen", async () => {
    const clock = new VirtualClock();
    const quotas = new PartitionQuotas(clock);
    const made: string[] = [];
    const append = (principal: string, byteRate = 100): object =>
      quotas.append({ bytes, quota: { principal, byteRate } }, () => ({ made: made.push(principal) }));
    expect(append("ada")).toEqual({ made: 1, throttleMs: 5_000 });
    expect(refusalOf(() => append("ada"))).toMatchObject({ quota: "producer_byte_rate", retryAfterMs: 5_000 });
    expect(append("bob", 1_000)).toEqual({ made: 2 });
    expect(quotas.append({ bytes }, () => "free" as unknown as object)).toBe("free");
    await clock.advance(5_000);
    expect(append("ada")).toMatchObject({ made: 3 });
    expect(made).toEqual(["ada", "bob", "ada"]);
  });

  test("reads are counted by what they bring, apart from appends", () => {
    const quotas = new PartitionQuotas(new VirtualClock());
    const quota = { principal: "ada", byteRate: 100 };
    expect(quotas.read({ quota }, () => ({ bytes }))).toEqual({ bytes, throttleMs: 5_000 });
    expect(refusalOf(() => quotas.read({ quota }, () => ({ bytes })))).toMatchObject({ quota: "consumer_byte_rate" });
    expect(quotas.append({ bytes: bytes.subarray(0, 1_000), quota }, () => ({}))).toEqual({});
  });

  test("so many principals are remembered, those that came last", () => {
    const quotas = new PartitionQuotas(new VirtualClock(), 2);
    const isThrottled = (principal: string): boolean =>
      refusalOf(() => quotas.append({ bytes, quota: { principal, byteRate: 1 } }, () => ({}))) !== null;
    expect(["a", "b", "a", "c"].map(isThrottled)).toEqual([false, false, true, false]);
    expect(["a", "c", "b"].map(isThrottled)).toEqual([true, true, false]);
  });
});
