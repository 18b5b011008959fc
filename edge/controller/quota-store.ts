/** Quotas of one namespace, over SQL: one row an entity. */
import type { AlterQuotasRequest, EntityQuotas, QuotaName, Quotas } from "../../shared/api/quotas.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { effectiveQuotas } from "../quota/effective-quotas.ts";

interface QuotaRow extends Record<string, SqlStorageValue> {
  entity: string;
  quotas: string;
}

/** All of them are part of what every isolate asks for every few seconds. */
const ENTITIES_MAX = 10_000;

export class QuotaStore {
  readonly #sql: SqlStorage;
  /** Null: not read, or altered since. */
  #held: readonly EntityQuotas[] | null = null;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec("CREATE TABLE IF NOT EXISTS quotas (entity TEXT PRIMARY KEY, quotas TEXT NOT NULL) WITHOUT ROWID");
  }

  all(): readonly EntityQuotas[] {
    this.#held ??= this.#sql
      .exec<QuotaRow>("SELECT entity, quotas FROM quotas ORDER BY entity")
      .toArray()
      .map(({ entity, quotas }) => ({ entity, quotas: JSON.parse(quotas) as Quotas }));
    return this.#held;
  }

  /** Null: none binds it. */
  of(principal: string, edgeWide: Quotas | null): Quotas | null {
    return effectiveQuotas(principal, this.all(), edgeWide);
  }

  /** As they are then. Throws `INVALID_REQUEST` where there are too many entities. */
  alter({ entity, quotas: changes }: AlterQuotasRequest): EntityQuotas {
    const known = this.all();
    const altered = new Map(Object.entries(known.find((one) => one.entity === entity)?.quotas ?? {}));
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) altered.delete(name);
      else altered.set(name, value);
    }
    const quotas = Object.fromEntries(altered) as Partial<Record<QuotaName, number>>;
    this.#held = null;
    if (altered.size === 0) this.#sql.exec("DELETE FROM quotas WHERE entity = ?", entity);
    else {
      if (known.length >= ENTITIES_MAX && !known.some((one) => one.entity === entity))
        throw new StrandlineError("INVALID_REQUEST", `${ENTITIES_MAX} entities have quotas, which is the most`);
      this.#sql.exec("INSERT OR REPLACE INTO quotas (entity, quotas) VALUES (?, ?)", entity, JSON.stringify(quotas));
    }
    return { entity, quotas };
  }
}
