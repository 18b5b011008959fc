/** What is asked of a webhook, spelt out: the presets of well-known senders, and what makes no sense refused. */
import type { SchemeRequest, SignatureScheme, WebhookPreset, WebhookRequest } from "../../shared/api/ingest-keys.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { base64Bytes } from "../intake/base64.ts";
import type { SignatureRule, WebhookRule } from "./ingest-rule.ts";

const TOLERANCE_SECONDS = 300;

interface Preset {
  readonly signature: SignatureScheme | null;
  readonly keep: readonly string[];
  /** What stands before the secret as its sender shows it, and is none of it. */
  readonly secretPrefix?: string;
}

const PLAIN: SignatureScheme = {
  header: "",
  algorithm: "sha256",
  encoding: "hex",
  prefix: "",
  separator: null,
  signed: "{body}",
  timestampHeader: null,
  timestampPrefix: null,
  idHeader: null,
  toleranceSeconds: null,
  secretEncoding: "utf8",
};

const PRESETS: Readonly<Record<WebhookPreset, Preset>> = {
  github: {
    signature: { ...PLAIN, header: "x-hub-signature-256", prefix: "sha256=" },
    keep: ["x-github-event", "x-github-delivery", "x-github-hook-id"],
  },
  stripe: {
    signature: {
      ...PLAIN,
      header: "stripe-signature",
      prefix: "v1=",
      separator: ",",
      signed: "{timestamp}.{body}",
      timestampPrefix: "t=",
      toleranceSeconds: TOLERANCE_SECONDS,
    },
    keep: [],
  },
  shopify: {
    signature: { ...PLAIN, header: "x-shopify-hmac-sha256", encoding: "base64" },
    keep: ["x-shopify-topic", "x-shopify-shop-domain", "x-shopify-webhook-id", "x-shopify-triggered-at"],
  },
  slack: {
    signature: {
      ...PLAIN,
      header: "x-slack-signature",
      prefix: "v0=",
      signed: "v0:{timestamp}:{body}",
      timestampHeader: "x-slack-request-timestamp",
      toleranceSeconds: TOLERANCE_SECONDS,
    },
    keep: ["x-slack-request-timestamp", "x-slack-retry-num"],
  },
  "standard-webhooks": {
    signature: {
      ...PLAIN,
      header: "webhook-signature",
      encoding: "base64",
      prefix: "v1,",
      separator: " ",
      signed: "{id}.{timestamp}.{body}",
      timestampHeader: "webhook-timestamp",
      idHeader: "webhook-id",
      toleranceSeconds: TOLERANCE_SECONDS,
      secretEncoding: "base64",
    },
    keep: ["webhook-id", "webhook-timestamp"],
    secretPrefix: "whsec_",
  },
  unsigned: { signature: null, keep: [] },
};

/** Who may do what is none of a record's, nor is what proves it. */
const NEVER_KEPT: ReadonlySet<string> = new Set(["authorization", "proxy-authorization", "cookie", "content-type"]);

/** Throws `INVALID_REQUEST` that names the field. */
export function webhookRule(asked: WebhookRequest): WebhookRule {
  const rule = "preset" in asked ? ofPreset(asked) : { preset: null, signature: ofScheme(asked.signature), keep: [] };
  const keep = (asked.keep ?? rule.keep).map((name) => name.toLowerCase());
  for (const name of keep)
    if (NEVER_KEPT.has(name) || name === rule.signature?.header) throw invalid("keep", `${name} is not kept`);
  return { ...rule, keep };
}

function ofPreset({ preset, secret, toleranceSeconds }: Extract<WebhookRequest, { preset: unknown }>): WebhookRule {
  const { signature, keep, secretPrefix = "" } = PRESETS[preset];
  if (signature === null) {
    if (secret !== undefined) throw invalid("secret", "is of no use where nothing is signed");
    if (toleranceSeconds !== undefined) throw invalid("toleranceSeconds", "is of no use where nothing is signed");
    return { preset, signature, keep };
  }
  if (secret === undefined) throw invalid("secret", "is missing");
  if (toleranceSeconds !== undefined && signature.toleranceSeconds === null)
    throw invalid("toleranceSeconds", `is of no use: ${preset} signs no timestamp`);
  const own = secret.startsWith(secretPrefix) ? secret.slice(secretPrefix.length) : secret;
  const tolerance = toleranceSeconds ?? signature.toleranceSeconds;
  return { preset, signature: withSecret({ ...signature, toleranceSeconds: tolerance }, own), keep };
}

function ofScheme({ secret, ...asked }: SchemeRequest & { readonly secret: string }): SignatureRule {
  const scheme: SignatureScheme = { ...PLAIN, ...asked };
  const { signed, timestampHeader, timestampPrefix, idHeader, separator, toleranceSeconds } = scheme;
  const text = signed.slice(0, -"{body}".length);
  if (!signed.endsWith("{body}") || /[{}]/.test(text.replace("{timestamp}", "").replace("{id}", "")))
    throw invalid("signed", "is text with {timestamp} and {id} at most once, and {body} at the end");
  if (timestampHeader !== null && timestampPrefix !== null)
    throw invalid("timestampPrefix", "stands beside timestampHeader");
  if (timestampPrefix !== null && separator === null) throw invalid("separator", "is missing beside timestampPrefix");
  const isTimed = timestampHeader !== null || timestampPrefix !== null;
  if (isTimed !== text.includes("{timestamp}"))
    throw invalid("signed", "has a {timestamp} where there is one to sign, and else none");
  if ((idHeader !== null) !== text.includes("{id}")) throw invalid("signed", "has an {id} where idHeader names one");
  if (toleranceSeconds !== null && !isTimed) throw invalid("toleranceSeconds", "is of no use without a timestamp");
  return withSecret(
    {
      ...scheme,
      header: scheme.header.toLowerCase(),
      timestampHeader: timestampHeader?.toLowerCase() ?? null,
      idHeader: idHeader?.toLowerCase() ?? null,
      toleranceSeconds: isTimed ? (toleranceSeconds ?? TOLERANCE_SECONDS) : null,
    },
    secret,
  );
}

function withSecret(scheme: SignatureScheme, secret: string): SignatureRule {
  if (scheme.secretEncoding === "base64" && (base64Bytes(secret)?.length ?? 0) === 0)
    throw invalid("secret", "is no Base64");
  return { ...scheme, secret };
}

/** `said` never has the secret in it. */
function invalid(field: string, said: string): StrandlineError {
  return new StrandlineError("INVALID_REQUEST", `webhook: ${field} ${said}`, { field: `webhook.${field}` });
}
