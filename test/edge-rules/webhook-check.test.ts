/** Webhooks by the signatures of their senders, which are computed here by another library, or were published by them. */
import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { WebhookPreset, WebhookRequest } from "../../shared/api/ingest-keys.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { bytesOf } from "../../shared/utf8.ts";
import { demandSigned } from "../../edge/ingest/webhook-check.ts";
import { webhookRule } from "../../edge/ingest/webhook-rule.ts";

const NOW_S = 1_700_000_000;
const BODY = '{"paid": true, "note": "grüße $& $1 {timestamp}"}';
const SECRET = "kept by sender and edge";

interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

type Signed = "signed" | "webhook-signature" | "webhook-timestamp";

async function checked(webhook: WebhookRequest, { headers, body = BODY }: Sent, nowS = NOW_S): Promise<Signed> {
  const { signature } = webhookRule(webhook);
  if (signature === null) throw new Error("nothing is signed");
  try {
    await demandSigned(signature, new Headers(headers), Uint8Array.from(bytesOf(body)), nowS * 1_000);
    return "signed";
  } catch (thrown) {
    if (!(thrown instanceof StrandlineError) || thrown.code !== "SASL_AUTHENTICATION_FAILED") throw thrown;
    return thrown.details["check"] as Signed;
  }
}

function hmac(content: string, { secret = SECRET as string | Buffer, hash = "sha256" } = {}): Buffer {
  return createHmac(hash, secret).update(content, "utf8").digest();
}

const RAW_KEY = Buffer.from("twenty-four random bytes");

interface PresetCase {
  readonly preset: WebhookPreset;
  readonly secret: string;
  readonly sign: (at: number, body?: string) => Readonly<Record<string, string>>;
  readonly isTimed: boolean;
}

const PRESETS: readonly PresetCase[] = [
  {
    preset: "github",
    secret: SECRET,
    isTimed: false,
    sign: (_, body = BODY) => ({ "X-Hub-Signature-256": `sha256=${hmac(body).toString("hex")}` }),
  },
  {
    preset: "stripe",
    secret: SECRET,
    isTimed: true,
    sign: (at, body = BODY) => ({
      "Stripe-Signature": `t=${at},v1=${hmac(`${at}.${body}`).toString("hex")},v0=${"0".repeat(64)}`,
    }),
  },
  {
    preset: "shopify",
    secret: SECRET,
    isTimed: false,
    sign: (_, body = BODY) => ({ "X-Shopify-Hmac-Sha256": hmac(body).toString("base64") }),
  },
  {
    preset: "slack",
    secret: SECRET,
    isTimed: true,
    sign: (at, body = BODY) => ({
      "X-Slack-Signature": `v0=${hmac(`v0:${at}:${body}`).toString("hex")}`,
      "X-Slack-Request-Timestamp": `${at}`,
    }),
  },
  {
    preset: "standard-webhooks",
    secret: `whsec_${RAW_KEY.toString("base64")}`,
    isTimed: true,
    sign: (at, body = BODY) => ({
      "webhook-id": "msg_$&",
      "webhook-timestamp": `${at}`,
      "webhook-signature": `v1a,bm90IHRoaXM= v1,${hmac(`msg_$&.${at}.${body}`, { secret: RAW_KEY }).toString("base64")}`,
    }),
  },
];

describe.each(PRESETS)("$preset", ({ preset, secret, sign }) => {
  const webhook = { preset, secret };

  test("what its sender signed is taken, and what anybody else signed is not", async () => {
    expect(await checked(webhook, { headers: sign(NOW_S) })).toBe("signed");
    const other = preset === "standard-webhooks" ? `whsec_${btoa("another key")}` : "another secret";
    expect(await checked({ preset, secret: other }, { headers: sign(NOW_S) })).toBe("webhook-signature");
  });

  test("another body is refused: one byte more, one less, none", async () => {
    for (const body of [`${BODY} `, BODY.slice(1), ""])
      expect(await checked(webhook, { headers: sign(NOW_S), body })).toBe("webhook-signature");
  });

  test("without a signature it is refused, and with what is none", async () => {
    const whole = sign(NOW_S);
    expect(await checked(webhook, { headers: {} })).not.toBe("signed");
    const [name = ""] = Object.keys(whole).filter((one) => /signature|hmac/i.test(one));
    for (const value of ["", "sha256=", "v1=", "v0=", "v1,", "=", (whole[name] ?? "").slice(0, 20), "v1=zz", "é"])
      expect(await checked(webhook, { headers: { ...whole, [name]: value } })).not.toBe("signed");
    const { [name]: _, ...rest } = whole;
    expect(await checked(webhook, { headers: rest })).not.toBe("signed");
  });
});

describe.each(PRESETS.filter(({ isTimed }) => isTimed))("$preset states a time:", ({ preset, secret, sign }) => {
  const webhook = { preset, secret };

  test("one that is too old, or from the future, is refused; its time cannot be changed", async () => {
    expect(await checked(webhook, { headers: sign(NOW_S - 300) })).toBe("signed");
    expect(await checked(webhook, { headers: sign(NOW_S + 300) })).toBe("signed");
    expect(await checked(webhook, { headers: sign(NOW_S - 301) })).toBe("webhook-timestamp");
    expect(await checked(webhook, { headers: sign(NOW_S + 301) })).toBe("webhook-timestamp");
    expect(await checked({ ...webhook, toleranceSeconds: 10 }, { headers: sign(NOW_S - 11) })).toBe(
      "webhook-timestamp",
    );
    const moved = Object.entries(sign(NOW_S - 400)).map(
      ([name, value]) => [name, value.replace(`${NOW_S - 400}`, `${NOW_S}`)] as const,
    );
    expect(await checked(webhook, { headers: Object.fromEntries(moved) })).toBe("webhook-signature");
  });
});

describe("published by the senders", () => {
  test("GitHub's own example", async () => {
    const headers = {
      "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    };
    const webhook = { preset: "github", secret: "It's a Secret to Everybody" } as const;
    expect(await checked(webhook, { headers, body: "Hello, World!" })).toBe("signed");
  });

  test("Slack's own example", async () => {
    const body =
      "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar" +
      "&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com" +
      "%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121" +
      ".803a0bc887a14d10d2c447fce8b6703c";
    const headers = {
      "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
      "x-slack-request-timestamp": "1531420618",
    };
    const webhook = { preset: "slack", secret: "8f742231b10e8888abcd99yyyzzz85a5" } as const;
    expect(await checked(webhook, { headers, body }, 1_531_420_618)).toBe("signed");
  });

  test("the example of Standard Webhooks", async () => {
    const webhook = { preset: "standard-webhooks", secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" } as const;
    const headers = {
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    };
    expect(await checked(webhook, { headers, body: '{"test": 2432232314}' }, 1_614_265_330)).toBe("signed");
  });
});

describe("the general form", () => {
  const general = { header: "X-Sig", algorithm: "sha256", encoding: "hex", secret: SECRET } as const;

  test.each(["sha1", "sha256", "sha512"] as const)("%s, in hex of either case and in Base64", async (algorithm) => {
    const mac = hmac(BODY, { hash: algorithm });
    for (const [encoding, text] of [
      ["hex", mac.toString("hex")],
      ["hex", mac.toString("hex").toUpperCase()],
      ["base64", mac.toString("base64")],
    ] as const) {
      const webhook = { signature: { ...general, algorithm, encoding } };
      expect(await checked(webhook, { headers: { "x-sig": text } })).toBe("signed");
    }
  });

  test("two signatures in one header where it has parts, as while a secret changes; not where it is one", async () => {
    const mac = hmac(BODY).toString("hex");
    const parted = { signature: { ...general, separator: "," } } as const;
    expect(await checked(parted, { headers: { "x-sig": `${"0".repeat(64)}, ${mac}` } })).toBe("signed");
    expect(await checked({ signature: general }, { headers: { "x-sig": `${"0".repeat(64)}, ${mac}` } })).toBe(
      "webhook-signature",
    );
    // Nobody makes the edge compute for long.
    const many = `${`${"0".repeat(64)},`.repeat(8)}${mac}`;
    expect(await checked(parted, { headers: { "x-sig": many } })).toBe("webhook-signature");
  });

  test("a secret as Base64 is its bytes", async () => {
    const webhook = {
      signature: { ...general, secret: RAW_KEY.toString("base64"), secretEncoding: "base64" },
    } as const;
    const text = hmac(BODY, { secret: RAW_KEY }).toString("hex");
    expect(await checked(webhook, { headers: { "x-sig": text } })).toBe("signed");
  });

  const refusals: readonly (readonly [field: string, webhook: WebhookRequest])[] = [
    ["secret", { preset: "github" }],
    ["secret", { preset: "unsigned", secret: SECRET }],
    ["toleranceSeconds", { preset: "unsigned", toleranceSeconds: 1 }],
    ["toleranceSeconds", { preset: "github", secret: SECRET, toleranceSeconds: 1 }],
    ["secret", { preset: "standard-webhooks", secret: "whsec_not base64" }],
    ["keep", { preset: "unsigned", keep: ["Authorization"] }],
    ["keep", { preset: "unsigned", keep: ["COOKIE"] }],
    ["keep", { preset: "github", secret: SECRET, keep: ["X-Hub-Signature-256"] }],
    ["signed", { signature: { ...general, signed: "{timestamp}" } }],
    ["signed", { signature: { ...general, signed: "{body}{body}" } }],
    ["signed", { signature: { ...general, signed: "{timestamp}.{body}" } }],
    ["signed", { signature: { ...general, signed: "{secret}{body}" } }],
    ["signed", { signature: { ...general, timestampHeader: "x-time" } }],
    ["signed", { signature: { ...general, idHeader: "x-id" } }],
    ["separator", { signature: { ...general, signed: "{timestamp}{body}", timestampPrefix: "t=" } }],
    ["toleranceSeconds", { signature: { ...general, toleranceSeconds: 5 } }],
    [
      "timestampPrefix",
      { signature: { ...general, signed: "{timestamp}{body}", timestampHeader: "x-t", timestampPrefix: "t=" } },
    ],
  ];
  test.each(refusals)("what makes no sense is refused: %s of %j", (field, webhook) => {
    let thrown: unknown;
    try {
      webhookRule(webhook);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: "INVALID_REQUEST", details: { field: `webhook.${field}` } });
    expect(String(thrown)).not.toContain(SECRET);
  });
});
