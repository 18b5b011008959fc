/** A device's socket whose credential or rights end: nothing more is sent to it, and nothing more is taken from it. */
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { NO_RULES, type NamespaceRules } from "../../edge/access/rules.ts";
import type { Bearer } from "../../edge/access/standing.ts";
import { tailClientFrame } from "../../edge/schemas.ts";
import type { Acl } from "../../shared/api/acls.ts";
import type { TailClientFrame } from "../../shared/api/tail.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { TailSessionLab, TOPIC, type Upstream } from "./tail-session-lab.ts";

const SECOND = 1_000;
const START = new VirtualClock().now();
const ANN: Bearer = {
  principal: "ann",
  grants: [{ resourceType: "TOPIC", resourceName: "t", patternType: "LITERAL", operation: "READ" }],
  expiresAtMs: START + 3_600 * SECOND,
  credentialId: "c-1",
  issuedAtMs: START - SECOND,
};
const DENIED: Acl = {
  resourceType: "TOPIC",
  resourceName: "t",
  patternType: "LITERAL",
  principal: "User:ann",
  operation: "READ",
  permissionType: "DENY",
};

function revoking(one: { readonly principal?: string; readonly credentialId?: string }): NamespaceRules {
  const { principal = null, credentialId = null } = one;
  const before = principal === null ? null : START;
  return { ...NO_RULES, revocations: [{ id: "r", principal, credentialId, before, until: null }] };
}

function running(lab: TailSessionLab): TailSessionLab {
  void lab.session.run({ lifetimeMs: 7_200 * SECOND, signal: new AbortController().signal });
  return lab;
}

interface End {
  readonly code: string;
  readonly bearer?: Bearer;
  /** At once: nothing looks before the next frame. */
  readonly bring: (lab: TailSessionLab) => Promise<void>;
}

const ENDS: Readonly<Record<string, End>> = {
  expired: {
    code: "SASL_AUTHENTICATION_FAILED",
    bearer: { ...ANN, expiresAtMs: START + SECOND },
    bring: (lab) => Promise.resolve(lab.clock.jump(SECOND)),
  },
  revoked: {
    code: "SASL_AUTHENTICATION_FAILED",
    bring: async (lab) => {
      lab.rules = () => Promise.resolve(revoking({ credentialId: "c-1" }));
      await lab.standing.refresh();
    },
  },
  "of rules that nobody can tell": {
    code: "NETWORK_EXCEPTION",
    bring: (lab) => Promise.resolve(lab.clock.jump(31 * SECOND)),
  },
};

/** One of each type; `ping` is no JSON. */
const FRAMES: Readonly<Record<TailClientFrame["type"] | "ping", TailClientFrame | "ping">> = {
  subscribe: {
    ...{ type: "subscribe", id: 2, topicId: TOPIC, partition: 1, offset: 0, leaderEpoch: null, previousCrc: null },
    ...{ windowBytes: 1_000, keyOrder: false },
  },
  ack: { type: "ack", id: 1, offset: 1 },
  unsubscribe: { type: "unsubscribe", id: 1 },
  heartbeat: {
    ...{ type: "heartbeat", id: 1, group: "g" },
    heartbeat: { memberId: "A".repeat(22), memberEpoch: 0, owned: [] },
  },
  ping: "ping",
};

test("S01: every frame that a client may send is among those that are tried here", () => {
  const { anyOf, oneOf } = z.toJSONSchema(tailClientFrame, { io: "input" });
  const types = [...(anyOf ?? []), ...(oneOf ?? [])].map(
    (one) => (one as { properties: { type: { const: string } } }).properties.type.const,
  );
  expect([...types, "ping"].toSorted()).toEqual(Object.keys(FRAMES).toSorted());
});

describe.each(Object.entries(ENDS))("S01 S04: of a credential that is %s", (_, { code, bearer = ANN, bring }) => {
  async function subscribed(): Promise<{ readonly lab: TailSessionLab; readonly upstream: Upstream }> {
    const lab = new TailSessionLab(bearer);
    const upstream = await lab.subscribe();
    upstream.records(1);
    expect(lab.records).toEqual([1]);
    return { lab, upstream };
  }

  function expectOver({ lab, upstream }: { readonly lab: TailSessionLab; readonly upstream: Upstream }): void {
    expect(lab.errors).toEqual([[null, code]]);
    expect(lab.closed).toEqual({ code: 1008, reason: "error" });
    expect([upstream.closed, upstream.heard, lab.upstreams.length]).toEqual([true, [], 1]);
    expect([lab.records, lab.pongs]).toEqual([[1], []]);
  }

  test.each(Object.entries(FRAMES))("the frame %s is refused, and does nothing", async (_type, frame) => {
    const { lab, upstream } = await subscribed();
    await bring(lab);
    await lab.say(frame);
    expectOver({ lab, upstream });
  });

  test("no records, no position and no error of a partition is passed on", async () => {
    for (const send of [
      (upstream: Upstream) => upstream.records(2),
      (upstream: Upstream) => upstream.position(2),
      (upstream: Upstream) => upstream.break(),
    ]) {
      const { lab, upstream } = await subscribed();
      await bring(lab);
      send(upstream);
      expectOver({ lab, upstream });
    }
  });

  test("where nothing moves the socket is closed within a minute", async () => {
    const { lab, upstream } = await subscribed();
    running(lab);
    if (code === "NETWORK_EXCEPTION") lab.rules = () => Promise.reject(new Error("gone"));
    else await bring(lab);
    await lab.clock.advance(60 * SECOND);
    expectOver({ lab, upstream });
  });
});

test("S04: it goes on as long as its rules can be asked for, and to the moment at which it expires", async () => {
  const lab = running(new TailSessionLab({ ...ANN, expiresAtMs: START + 90 * SECOND }));
  const upstream = await lab.subscribe();
  await lab.clock.advance(89_999);
  upstream.records(1);
  expect([lab.records, lab.closed]).toEqual([[1], null]);
  await lab.clock.advance(1);
  expect(lab.closed).toMatchObject({ code: 1008 });
});

test.each([{ principal: "User:ann" }, { principal: "User:*" }, { credentialId: "c-1" }])(
  "S04: revoking %o acts within ten seconds",
  async (one) => {
    const lab = running(new TailSessionLab(ANN));
    await lab.subscribe();
    lab.rules = () => Promise.resolve(revoking(one));
    await lab.clock.advance(10 * SECOND);
    expect(lab.errors).toEqual([[null, "SASL_AUTHENTICATION_FAILED"]]);
  },
);

test("S04: revoking somebody else's, or what was issued before, ends nothing", async () => {
  for (const one of [{ principal: "User:bob" }, { credentialId: "c-2" }]) {
    const lab = running(new TailSessionLab(ANN));
    await lab.subscribe();
    lab.rules = () => Promise.resolve(revoking(one));
    await lab.clock.advance(60 * SECOND);
    expect([lab.errors, lab.closed]).toEqual([[], null]);
  }
});

test("S04: a right that is taken away ends its subscription within ten seconds, and no other", async () => {
  const lab = running(new TailSessionLab(ANN));
  const upstream = await lab.subscribe();
  lab.rules = () => Promise.resolve({ ...NO_RULES, acls: [DENIED] });
  await lab.clock.advance(10 * SECOND);
  expect(lab.errors).toEqual([[1, "TOPIC_AUTHORIZATION_FAILED"]]);
  expect([upstream.closed, lab.closed, lab.session.subscriptions]).toEqual([true, null, 0]);
  lab.rules = () => Promise.resolve(NO_RULES);
  await lab.clock.advance(10 * SECOND);
  await lab.subscribe({ id: 2 });
  expect([lab.upstreams.length, lab.errors.length]).toEqual([2, 1]);
});

test("S04: what the credential may not know of is not opened, and is told of as if it were not there", async () => {
  const lab = new TailSessionLab({ ...ANN, grants: [] });
  await lab.say({ type: "subscribe", id: 1, topicId: TOPIC, partition: 0, offset: 0 });
  expect([lab.errors, lab.upstreams]).toEqual([[[1, "UNKNOWN_TOPIC_ID"]], []]);
});

test("S04: a controller that never answers ends it too", async () => {
  const lab = running(new TailSessionLab(ANN));
  await lab.subscribe();
  lab.rules = () => new Promise(() => undefined);
  await lab.clock.advance(60 * SECOND);
  expect(lab.errors).toEqual([[null, "NETWORK_EXCEPTION"]]);
});
