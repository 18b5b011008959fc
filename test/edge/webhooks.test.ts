/** Webhooks under an ingest key: what is stored of them, and that what is not signed is not. */
import { describe, expect, test } from "vitest";
import { errorOf, recordsOf, valuesOf } from "./edge.ts";
import { ingest, newKey } from "./ingest-lab.ts";

const SECRET = "kept by sender and edge";
const github = { webhook: { preset: "github", secret: SECRET } } as const;

async function hmac(content: string | Uint8Array): Promise<string> {
  const utf8 = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", utf8.encode(SECRET), { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  const bytes = typeof content === "string" ? utf8.encode(content) : Uint8Array.from(content);
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes));
  return Array.from(mac, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function signed(body: string | Uint8Array): Promise<string> {
  return `sha256=${await hmac(body)}`;
}

test("the body is the record, byte for byte, with the headers that say what it is", async () => {
  const keyed = await newKey(github);
  const body = '{ "zen":  "Non-blocking is better than blocking.",\n "n": 1.0 }';
  const response = await ingest(keyed, {
    body,
    headers: {
      "x-hub-signature-256": await signed(body),
      "X-GitHub-Event": "push",
      "x-github-delivery": "72d3162e",
      "user-agent": "GitHub-Hookshot/044aadd",
      authorization: "Bearer x",
      cookie: "a=b",
    },
  });
  expect(await response.json()).toMatchObject({ records: [{ partition: 0, offset: 0, error: null }] });
  expect(await recordsOf(keyed)).toMatchObject([
    {
      key: null,
      value: body,
      headers: [
        { key: "content-type", value: "application/json" },
        { key: "x-github-event", value: "push" },
        { key: "x-github-delivery", value: "72d3162e" },
      ],
    },
  ]);
});

test("whatever its type: forms, what is no UTF-8, what is not JSON, none, nothing at all", async () => {
  const keyed = await newKey(github);
  const bodies: readonly (readonly [string | null, string | Uint8Array])[] = [
    ["application/x-www-form-urlencoded", "payload=%7B%7D"],
    ["application/json", new Uint8Array([0xff, 0xfe])],
    ["application/json", '{"records":[{"value":"a"}]}'],
    ["text/plain", '{"value":"a"}\n{"value":"b"}'],
    [null, "x"],
    ["application/json", ""],
  ];
  for (const [type, body] of bodies) {
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const response = await ingest(keyed, {
      type,
      body: bytes,
      headers: { "x-hub-signature-256": await signed(bytes) },
    });
    expect([type, response.status]).toEqual([type, 200]);
  }
  const stored = await recordsOf(keyed);
  expect(stored.map(({ value, valueBase64 }) => value ?? valueBase64)).toEqual([
    "payload=%7B%7D",
    "//4=",
    '{"records":[{"value":"a"}]}',
    '{"value":"a"}\n{"value":"b"}',
    "x",
    "",
  ]);
});

describe("what is not signed is not stored", () => {
  const body = '{"a":1}';
  test.each<[name: string, headers: (whole: string) => Readonly<Record<string, string>>]>([
    ["no signature", () => ({})],
    ["one of another body", () => ({ "x-hub-signature-256": `sha256=${"0".repeat(64)}` })],
    ["one in another header", (whole) => ({ "x-hub-signature": whole })],
    ["one without its prefix", (whole) => ({ "x-hub-signature-256": whole.slice(7) })],
    ["one cut short", (whole) => ({ "x-hub-signature-256": whole.slice(0, -2) })],
    ["two in one", (whole) => ({ "x-hub-signature-256": `${whole}, ${whole}` })],
  ])("%s", async (_name, headersOf) => {
    const keyed = await newKey(github);
    const error = await errorOf(await ingest(keyed, { body, headers: headersOf(await signed(body)) }));
    expect(error).toMatchObject({ status: 401, code: "SASL_AUTHENTICATION_FAILED", check: "webhook-signature" });
    expect(JSON.stringify(error)).not.toContain(SECRET);
    expect(await valuesOf(keyed)).toEqual([]);
  });

  test("what was changed on its way", async () => {
    const keyed = await newKey(github);
    const headers = { "x-hub-signature-256": await signed(body) };
    expect((await ingest(keyed, { body: `${body} `, headers })).status).toBe(401);
    expect((await ingest(keyed, { body, headers })).status).toBe(200);
  });

  test("what is too old", async () => {
    const keyed = await newKey({ webhook: { preset: "stripe", secret: SECRET, toleranceSeconds: 60 } });
    const at = async (secondsAgo: number): Promise<Readonly<Record<string, string>>> => {
      const time = Math.floor(Date.now() / 1_000) - secondsAgo;
      return { "stripe-signature": `t=${time},v1=${await hmac(`${time}.${body}`)}` };
    };
    const late = await errorOf(await ingest(keyed, { body, headers: await at(70) }));
    expect(late).toMatchObject({ status: 401, check: "webhook-timestamp" });
    expect((await ingest(keyed, { body, headers: await at(5) })).status).toBe(200);
    expect(await valuesOf(keyed)).toEqual([body]);
  });
});

test("what came twice within the tolerance is stored twice", async () => {
  const keyed = await newKey(github);
  const headers = { "x-hub-signature-256": await signed("{}") };
  for (const status of [200, 200]) expect((await ingest(keyed, { body: "{}", headers })).status).toBe(status);
  expect(await valuesOf(keyed)).toEqual(["{}", "{}"]);
});

test("a sender that signs nothing: the body as it came, and the headers that were asked for", async () => {
  const keyed = await newKey({ webhook: { preset: "unsigned", keep: ["X-Event", "constructor"] } });
  await ingest(keyed, { body: '{"page":"/"}', headers: { "x-event": "seen", "x-other": "1" } });
  expect(await recordsOf(keyed)).toMatchObject([
    { value: '{"page":"/"}', headers: [{ key: "content-type" }, { key: "x-event", value: "seen" }] },
  ]);
});
