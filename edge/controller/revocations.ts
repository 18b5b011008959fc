/**
 * Credentials that are ended before their time. In memory as a whole, because every isolate asks for all of them every
 * few seconds; a row is read once in the life of the object. Nothing is forgotten by itself but what says when.
 */
import type { Revocation, RevokeRequest } from "../../shared/api/revocations.ts";
import type { Clock } from "../../shared/clock.ts";
import { LIMITS } from "../../shared/limits.ts";
import { hexOf } from "../../shared/producer-identity.ts";
import type { Random } from "../../shared/random.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";

interface RevocationRow extends Record<string, SqlStorageValue> {
  id: string;
  principal: string | null;
  credentialId: string | null;
  before: number | null;
  until: number | null;
}

const COLUMNS = "id, principal, credential_id AS credentialId, before, until";
const ID_BYTES = 16;

export class Revocations {
  readonly #sql: SqlStorage;
  readonly #clock: Clock;
  readonly #random: Random;
  /** Null: not read yet, or changed. */
  #all: readonly Revocation[] | null = null;

  constructor(sql: SqlStorage, clock: Clock, random: Random) {
    this.#sql = sql;
    this.#clock = clock;
    this.#random = random;
  }

  all(): readonly Revocation[] {
    this.#all ??= this.#sql.exec<RevocationRow>(`SELECT ${COLUMNS} FROM revocations ORDER BY id`).toArray();
    return this.#all;
  }

  /** Within a transaction. One that stands only grows. Throws `INVALID_REQUEST`. */
  add(request: RevokeRequest): Revocation {
    const principal = request.principal ?? null;
    const credentialId = request.credentialId ?? null;
    const until = request.until ?? null;
    const now = this.#clock.now();
    const stands = this.all().find((one) => one.principal === principal && one.credentialId === credentialId);
    if (stands === undefined) this.#demandRoom(now);
    const bound = principal === null ? null : Math.max(request.before ?? now, stands?.before ?? 0);
    const end = stands === undefined ? until : laterOf(until, stands.until);
    const id = stands?.id ?? hexOf(this.#random.bytes(ID_BYTES));
    const made: Revocation = { id, principal, credentialId, before: bound, until: end };
    this.#all = null;
    this.#sql.exec(
      "INSERT OR REPLACE INTO revocations (id, principal, credential_id, before, until) VALUES (?, ?, ?, ?, ?)",
      id,
      principal,
      credentialId,
      bound,
      end,
    );
    return made;
  }

  /** Null: there is none. */
  remove(id: string): Revocation | null {
    const stands = this.all().find((one) => one.id === id) ?? null;
    this.#all = null;
    if (stands !== null) this.#sql.exec("DELETE FROM revocations WHERE id = ?", id);
    return stands;
  }

  /** Only where there is no room: a clock that is ahead for a while must not bring ended credentials back. */
  #forgetOld(now: number): void {
    this.#all = null;
    this.#sql.exec("DELETE FROM revocations WHERE until <= ?", now);
  }

  #demandRoom(now: number): void {
    if (this.all().length < LIMITS.revocationsMax) return;
    this.#forgetOld(now);
    const { length } = this.all();
    if (length < LIMITS.revocationsMax) return;
    const said = `${length} revocations are the most; delete those whose tokens have expired, and state until for others`;
    throw new StrandlineError("INVALID_REQUEST", said, { limit: LIMITS.revocationsMax });
  }
}

/** Null is for ever. */
function laterOf(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : Math.max(one, other);
}
