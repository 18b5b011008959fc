/** Credentials that prove nothing. The answer says which check failed, and nothing of the credential. */
import { StrandlineError } from "../../shared/strandline-error.ts";

/** What of a credential is not as it has to be. */
export type Check =
  | "missing"
  | "scheme"
  | "size"
  | "form"
  | "crit"
  | "algorithm"
  | "typ"
  | "key"
  | "signature"
  | "issuer"
  | "audience"
  | "exp"
  | "expired"
  | "nbf"
  | "iat"
  | "jti"
  | "principal"
  | "namespace"
  | "scope"
  | "own"
  | "ticket"
  | "ingest-key"
  | "webhook-signature"
  | "webhook-timestamp";

const SAYS: Readonly<Record<Check, string>> = {
  missing: "there is none; send Authorization: Bearer and a token",
  scheme: "the header Authorization is not Bearer and one token",
  size: "the token is longer than 8192 characters",
  form: "the token is no signed JWT",
  crit: "the token demands extensions that are not known here",
  algorithm: "the token's alg is not one that is taken here",
  typ: "the token's typ is not the one that is taken here",
  key: "the issuer has no key, or more than one, that the token's header means",
  signature: "the signature is not the issuer's",
  issuer: "the token is of another issuer",
  audience: "the token is for another audience",
  exp: "the token does not say when it expires",
  expired: "the token has expired",
  nbf: "the token is not valid yet",
  iat: "the token says that it is issued later than now",
  jti: "the token's jti is no text of at most 255 characters",
  principal: "the token names no principal, which is text of at most 255 characters without control characters",
  namespace: "the token names no namespace, which is text of at most 128 characters without control characters",
  scope: "the token's scopes are neither text nor an array of text",
  ticket: "the ticket is none, or was used, or is too old, or is for another origin",
  "ingest-key": "the ingest key is none of this edge's, or nothing is taken under it any more",
  "webhook-signature": "the body is not signed as the ingest key demands",
  "webhook-timestamp": "the signature has no time in seconds since 1970, or one too far from now",
  own: "this edge's own check does not know it",
};

export function refused(check: Check): StrandlineError {
  return new StrandlineError("SASL_AUTHENTICATION_FAILED", SAYS[check], { check });
}
