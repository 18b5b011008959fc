/** What SQLite hands back, as what it was stored as. */
export type Columns = Record<string, SqlStorageValue>;

export function number(value: SqlStorageValue | undefined): number {
  return Number(value);
}

export function numberOrNull(value: SqlStorageValue | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}

export function text(value: SqlStorageValue | undefined): string {
  return typeof value === "string" ? value : "";
}

export function blob(value: SqlStorageValue | undefined): Uint8Array {
  return value instanceof ArrayBuffer ? new Uint8Array(value) : new Uint8Array();
}
