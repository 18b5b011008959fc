/** Whether there is room for an append. Asking the database for its size costs as much as a small append, so it is asked seldom. */
export class StorageRoom {
  readonly #bytesMax: number;
  readonly #databaseBytes: () => number;
  /** Bytes that may be appended before the size is looked at again. */
  #unasked = 0;

  /** `bytesMax`: of the whole database. */
  constructor(bytesMax: number, databaseBytes: () => number) {
    this.#bytesMax = bytesMax;
    this.#databaseBytes = databaseBytes;
  }

  get bytesMax(): number {
    return this.#bytesMax;
  }

  /** False: the limit is reached. */
  take(bytes: number): boolean {
    if (this.#unasked < bytes) {
      const left = this.#bytesMax - this.#databaseBytes();
      if (left <= 0) return false;
      // Half of it: a row takes more on the disk than its bytes, and snapshots are written beside.
      this.#unasked = left / 2;
    }
    this.#unasked -= bytes;
    return true;
  }
}
