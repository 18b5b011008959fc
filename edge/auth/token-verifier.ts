/** One token against the settings: its form and header, its signature, then its claims. */
import {
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from "jose";
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { Caller } from "./caller.ts";
import { claimAt } from "./claim-path.ts";
import { issuerKeys, type FetchKeys } from "./issuer-keys.ts";
import type { JwtSettings } from "./jwt-settings.ts";
import { isCredentialId, isNamespace, isPrincipal } from "./names.ts";
import { refused, type Check } from "./refusal.ts";
import { grantsOf, scopesIn } from "./scopes.ts";

/** How far the issuer's clock may be from ours. */
export const TOLERANCE_SECONDS = 5;

const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]*$/;
const FAILED_CLAIMS: ReadonlyMap<string, Check> = new Map([
  ["iss", "issuer"],
  ["aud", "audience"],
  ["exp", "exp"],
  ["nbf", "nbf"],
  ["iat", "iat"],
  ["typ", "typ"],
]);

export class TokenVerifier {
  readonly #settings: JwtSettings;
  readonly #clock: Clock;
  readonly #key: JWTVerifyGetKey;

  constructor(settings: JwtSettings, clock: Clock, fetchKeys: FetchKeys) {
    this.#settings = settings;
    this.#clock = clock;
    const { secret, jwksUrl } = settings.keys;
    this.#key = secret === null ? issuerKeys(jwksUrl, clock, fetchKeys) : () => secret;
  }

  /** Rejects with `SASL_AUTHENTICATION_FAILED`, `ISSUER_UNAVAILABLE`. */
  async verify(token: string): Promise<Caller> {
    this.#demandHeader(token);
    const payload = await this.#payloadOf(token);
    this.#demandClaims(payload);
    return callerOf(payload, this.#settings);
  }

  /** Before any key is looked for. The rest of the header (`jku`, `jwk`, `x5u`, …) is not looked at, here or later. */
  #demandHeader(token: string): void {
    if (!COMPACT.test(token)) throw refused("form");
    const { alg, typ, crit } = headerOf(token);
    if (crit !== undefined) throw refused("crit");
    if (typeof alg !== "string" || !this.#settings.algorithms.includes(alg)) throw refused("algorithm");
    if (this.#settings.typ === null && typ !== undefined) throw refused("typ");
  }

  async #payloadOf(token: string): Promise<JWTPayload> {
    const { algorithms, issuer, typ } = this.#settings;
    const options: JWTVerifyOptions = {
      algorithms: [...algorithms],
      issuer,
      requiredClaims: ["exp"],
      clockTolerance: TOLERANCE_SECONDS,
      currentDate: new Date(this.#clock.now()),
      ...(typ === null ? {} : { typ }),
    };
    try {
      const { payload } = await jwtVerify(token, this.#key, options);
      return payload;
    } catch (thrown) {
      throw thrown instanceof StrandlineError ? thrown : refused(checkOf(thrown));
    }
  }

  #demandClaims(payload: JWTPayload): void {
    const { audiences, audienceClaim } = this.#settings;
    const audience = claimAt(payload, [audienceClaim]);
    const held: readonly unknown[] = Array.isArray(audience) ? audience : [audience];
    if (!audiences.some((one) => held.includes(one))) throw refused("audience");
    const latest = this.#clock.now() / 1_000 + TOLERANCE_SECONDS;
    if (payload.iat !== undefined && payload.iat > latest) throw refused("iat");
  }
}

function headerOf(token: string): Readonly<Record<string, unknown>> {
  try {
    return decodeProtectedHeader(token);
  } catch {
    throw refused("form");
  }
}

function checkOf(thrown: unknown): Check {
  if (thrown instanceof errors.JWTExpired) return "expired";
  if (thrown instanceof errors.JWTClaimValidationFailed) return FAILED_CLAIMS.get(thrown.claim) ?? "form";
  if (thrown instanceof errors.JOSEAlgNotAllowed) return "algorithm";
  if (thrown instanceof errors.JWSSignatureVerificationFailed) return "signature";
  // A key that its algorithm cannot use.
  return thrown instanceof errors.JOSEError ? "form" : "key";
}

function callerOf(payload: JWTPayload, settings: JwtSettings): Caller {
  const { principalClaim, namespace: stated } = settings;
  const principal = claimAt(payload, principalClaim);
  if (!isPrincipal(principal)) throw refused("principal");
  const namespace = typeof stated === "string" ? stated : claimAt(payload, stated);
  if (!isNamespace(namespace)) throw refused("namespace");
  const { jti, iat, exp } = payload;
  if (jti !== undefined && !isCredentialId(jti)) throw refused("jti");
  if (exp === undefined) throw refused("exp");
  return {
    namespace,
    principal,
    grants: grantsIn(payload, settings),
    expiresAtMs: Math.min((exp + TOLERANCE_SECONDS) * 1_000, Number.MAX_SAFE_INTEGER),
    credentialId: jti ?? null,
    issuedAtMs: iat === undefined ? null : iat * 1_000,
  };
}

function grantsIn(payload: JWTPayload, { scopeClaim, defaultGrants }: JwtSettings): Caller["grants"] {
  const stated = claimAt(payload, scopeClaim) ?? "";
  const scopes: unknown = typeof stated === "string" ? scopesIn(stated) : stated;
  if (!isTexts(scopes)) throw refused("scope");
  const granted = grantsOf(scopes);
  return granted === "all" || defaultGrants === "all" ? "all" : [...granted, ...defaultGrants];
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
