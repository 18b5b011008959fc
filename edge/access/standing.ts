/**
 * What the caller of a request may do, and for how long. Of a request it is what the rules said as it began; a socket
 * lives longer than that, and has them looked at again.
 */
import type { AclOperation } from "../../shared/api/acls.ts";
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { accessOf, type Access } from "./access.ts";
import type { Grant, Resource } from "./acl.ts";
import { isRevoked, type Credential } from "./revocations.ts";
import type { NamespaceRules } from "./rules.ts";

export interface Bearer extends Credential {
  readonly grants: "all" | readonly Grant[];
  readonly expiresAtMs: number | null;
}

export interface StandingParts {
  readonly bearer: Bearer;
  readonly clock: Clock;
  readonly rules: NamespaceRules;
  /** As they are now, or were seconds ago; rejects where that is not known. Null: no rules bind this caller. */
  readonly ask: (() => NamespaceRules | Promise<NamespaceRules>) | null;
}

/** Without rules that are younger nothing goes on. */
const UNKNOWN_MS_MAX = 30_000;

export class Standing implements Access {
  readonly #parts: StandingParts;
  #rules: NamespaceRules;
  #access: Access;
  #learnedAt: number;
  #asking = false;

  constructor(parts: StandingParts) {
    this.#parts = parts;
    this.#rules = parts.rules;
    this.#access = accessOf(parts.bearer, parts.rules);
    this.#learnedAt = parts.clock.now();
  }

  /** Edge time from which it is over; null: it has no end. */
  get expiresAtMs(): number | null {
    return this.#parts.bearer.expiresAtMs;
  }

  /** Of the ACLs that are heeded; 0: none bind the caller. */
  get aclsRevision(): number {
    return this.#rules.aclsRevision;
  }

  allows(operation: AclOperation, resource: Resource): boolean {
    return this.#access.allows(operation, resource);
  }

  /** Why nothing more is done for the caller, whatever was begun; null: it is. Asks nobody, so that every frame may. */
  refusal(): StrandlineError | null {
    const { bearer, clock, ask } = this.#parts;
    const now = clock.now();
    if (bearer.expiresAtMs !== null && now >= bearer.expiresAtMs)
      return new StrandlineError("SASL_AUTHENTICATION_FAILED", "the credential has expired", { check: "expired" });
    if (isRevoked(this.#rules.revocations, bearer))
      return new StrandlineError("SASL_AUTHENTICATION_FAILED", "the credential was revoked", { check: "revoked" });
    if (ask !== null && now - this.#learnedAt > UNKNOWN_MS_MAX)
      return new StrandlineError("NETWORK_EXCEPTION", "who may do what cannot be asked for");
    return null;
  }

  /** Asks for the rules, once at a time. Never rejects: rules that stay unknown are a refusal, after a while. */
  async refresh(): Promise<void> {
    const { ask, bearer, clock } = this.#parts;
    if (ask === null || this.#asking) return;
    this.#asking = true;
    try {
      const rules = await ask();
      this.#learnedAt = clock.now();
      if (rules === this.#rules) return;
      this.#rules = rules;
      this.#access = accessOf(bearer, rules);
    } catch {
      // As long as it is not known for too long.
    } finally {
      this.#asking = false;
    }
  }
}
