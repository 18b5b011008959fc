/** Asks the browser for a `sync` event in the app's service worker, where records may outlive the tab that sent them. */
export interface BackgroundSyncDeps {
  /** Rejects where the browser has none, or the app no service worker. */
  readonly register: () => Promise<void>;
  readonly pendingRecords: () => Promise<number>;
}

export class BackgroundSync {
  readonly #deps: BackgroundSyncDeps;
  #opened = false;
  #offline = false;
  /** The browser keeps to it until it has fired, which it does once it believes that it is online. */
  #asked = false;

  constructor(deps: BackgroundSyncDeps) {
    this.#deps = deps;
  }

  onState(online: boolean): void {
    this.#opened = true;
    this.#offline = !online;
    if (online) this.#asked = false;
    else this.#ask();
  }

  appended(): void {
    this.#opened = true;
    if (this.#offline) this.#ask();
  }

  /** The tab may be closed from here on. */
  hidden(): void {
    if (!this.#opened) return;
    this.#asked = false;
    this.#ask();
  }

  #ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    this.#register().then(
      (done) => (this.#asked = done),
      () => (this.#asked = false),
    );
  }

  async #register(): Promise<boolean> {
    if ((await this.#deps.pendingRecords()) === 0) return false;
    await this.#deps.register();
    return this.#offline;
  }
}
