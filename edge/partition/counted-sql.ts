/**
 * SQL whose rows are counted as they are billed. What a cursor has read is known when it is done with, which it is as
 * soon as the next one is made: cursors are read to their end, or dropped, before anything else happens.
 */
export class CountedSql {
  readonly #sql: SqlStorage;
  #last: { readonly rowsRead: number } | null = null;
  #rowsRead = 0;
  /** As they are billed. */
  rowsWritten = 0;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  exec<Row extends Record<string, SqlStorageValue>>(
    query: string,
    ...values: readonly SqlStorageValue[]
  ): SqlStorageCursor<Row> {
    this.#rowsRead += this.#last?.rowsRead ?? 0;
    const cursor = this.#sql.exec<Row>(query, ...values);
    this.#last = cursor;
    return cursor;
  }

  get rowsRead(): number {
    return this.#rowsRead + (this.#last?.rowsRead ?? 0);
  }

  /** Returns the rows that it has written. */
  write(query: string, ...values: readonly (SqlStorageValue | Uint8Array)[]): number {
    const { rowsWritten } = this.exec(query, ...(values as SqlStorageValue[]));
    this.rowsWritten += rowsWritten;
    return rowsWritten;
  }
}
