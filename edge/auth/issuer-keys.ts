/** The public keys of the issuer, from the one address that is configured. Nothing in a token says where keys are. */
import { createRemoteJWKSet, customFetch, errors, type FetchImplementation, type JWTVerifyGetKey } from "jose";
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { log, thrownFields } from "../log.ts";
import { refused } from "./refusal.ts";

/** Keys are asked for again after that, or when a token means one that is not among them. */
const KEPT_MS = 600_000;
/** But not sooner after they were asked for: tokens of nobody must not become requests to the issuer. */
const COOL_DOWN_MS = 30_000;
const FAILED_COOL_DOWN_MS = 5_000;
const TIMEOUT_MS = 5_000;

export type FetchKeys = FetchImplementation;

/** Rejects with `SASL_AUTHENTICATION_FAILED` where the issuer has no such key, `ISSUER_UNAVAILABLE` where it cannot be asked. */
export function issuerKeys(url: URL, clock: Clock, fetchKeys: FetchKeys): JWTVerifyGetKey {
  let failedAt = Number.NEGATIVE_INFINITY;
  const keys = createRemoteJWKSet(url, {
    cacheMaxAge: KEPT_MS,
    cooldownDuration: COOL_DOWN_MS,
    timeoutDuration: TIMEOUT_MS,
    [customFetch]: async (...asked) => {
      const since = clock.now() - failedAt;
      if (since >= 0 && since < FAILED_COOL_DOWN_MS) throw COOLING_DOWN;
      return await fetchKeys(...asked);
    },
  });
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (thrown) {
      if (thrown instanceof errors.JWKSNoMatchingKey || thrown instanceof errors.JWKSMultipleMatchingKeys)
        throw refused("key");
      if (thrown !== COOLING_DOWN) {
        failedAt = clock.now();
        log.warn("the issuer's keys cannot be had", thrownFields(thrown));
      }
      throw unavailable();
    }
  };
}

const COOLING_DOWN = new Error("the issuer has failed a moment ago");

function unavailable(): StrandlineError {
  return new StrandlineError("ISSUER_UNAVAILABLE", "");
}
