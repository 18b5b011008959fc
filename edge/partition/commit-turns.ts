/**
 * Writes that arrive while others are being committed wait for that and are then made in one turn, which the runtime
 * commits as one: what costs is the commit, not the row. A lone write waits for nothing.
 */
export class CommitTurns {
  readonly #sync: () => Promise<void>;
  /** Null: nothing is being committed. */
  #commit: Promise<void> | null = null;

  constructor(sync: () => Promise<void>) {
    this.#sync = sync;
  }

  async take<Value>(write: () => Promise<Value>): Promise<Value> {
    if (this.#commit !== null) await this.#commit;
    const written = write();
    // A commit that fails ends this object and every call to it, so how it ended does not matter here.
    const committed = (): void => void (this.#commit = null);
    this.#commit ??= this.#sync().then(committed, committed);
    return await written;
  }
}
