import { DurableObject } from "cloudflare:workers";
import type { Acl, AclFilter } from "../../shared/api/acls.ts";
import type { AnnounceDeviceRequest, KnownDevice } from "../../shared/api/devices.ts";
import type { AlterQuotasRequest, EntityQuotas } from "../../shared/api/quotas.ts";
import type { Revocation, RevokeRequest } from "../../shared/api/revocations.ts";
import { NO_RULES, type NamespaceRules } from "../access/rules.ts";
import type { Caller } from "../auth/caller.ts";
import type { Env } from "../env.ts";
import { attempt, type Outcome } from "../outcome.ts";
import { systemClock, systemRandom } from "../system-ports.ts";
import { AclStore } from "./acl-store.ts";
import { createTables } from "./controller-schema.ts";
import { Devices } from "./devices.ts";
import { QuotaStore } from "./quota-store.ts";
import { Revocations } from "./revocations.ts";
import { Tickets, type IssuedTicket } from "./tickets.ts";

/** What a controller says of callers: who may do what, how much, and whose credentials are over. Its topics are above it. */
export class RulesObject extends DurableObject<Env> {
  protected readonly quotas: QuotaStore;
  readonly #acls: AclStore;
  readonly #revocations: Revocations;
  readonly #devices: Devices;
  readonly #tickets = new Tickets(systemClock, systemRandom);

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    const { sql } = state.storage;
    createTables(sql);
    this.#acls = new AclStore(sql);
    this.#revocations = new Revocations(sql, systemClock, systemRandom);
    this.#devices = new Devices(sql, systemClock);
    this.quotas = new QuotaStore(sql);
  }

  /** Who may do what in this namespace, and how much. */
  rules(): NamespaceRules {
    return {
      ...{ ...NO_RULES, acls: this.#acls.all(), aclsRevision: this.#acls.revision() },
      ...{ revocations: this.#revocations.all(), quotas: this.quotas.all() },
    };
  }

  revoke(request: RevokeRequest): Outcome<Revocation> {
    return this.#changed(() => this.#revocations.add(request));
  }

  /** Null: there is none of this id. */
  unrevoke(id: string): Outcome<Revocation | null> {
    return this.#changed(() => this.#revocations.remove(id));
  }

  /** For one socket of the caller, opened from that origin; null: from any. */
  issueTicket(caller: Caller, origin: string | null): Outcome<IssuedTicket> {
    return attempt(() => this.#tickets.issue({ caller, origin }));
  }

  /** Null: there is none, any more, for that origin. */
  redeemTicket(secret: string, origin: string | null): Caller | null {
    return this.#tickets.redeem(secret, origin);
  }

  /** All of the principal's devices, this one among them. */
  announceDevice(principal: string, said: AnnounceDeviceRequest): Outcome<KnownDevice[]> {
    return this.#changed(() => this.#devices.announce(principal, said));
  }

  /** Those that were not there before. */
  createAcls(acls: readonly Acl[]): Outcome<Acl[]> {
    return this.#changed(() => this.#acls.create(acls));
  }

  deleteAcls(filter: AclFilter): Outcome<Acl[]> {
    return this.#changed(() => this.#acls.delete(filter));
  }

  describeAcls(filter: AclFilter): Acl[] {
    return this.#acls.matching(filter);
  }

  alterQuotas(request: AlterQuotasRequest): Outcome<EntityQuotas> {
    return attempt(() => this.quotas.alter(request));
  }

  /** All of it or nothing. */
  #changed<Value>(step: () => Value): Outcome<Value> {
    return attempt(() => this.ctx.storage.transactionSync(step));
  }
}
