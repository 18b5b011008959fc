/** What came, in order, for one taker. */
export class Mailbox<Mail> {
  readonly #held: Mail[] = [];
  #waiting: ((mail: Mail) => void) | null = null;

  put(mail: Mail): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) this.#held.push(mail);
    else waiting(mail);
  }

  async take(): Promise<Mail> {
    const first = this.#held.shift();
    if (first !== undefined) return first;
    return await new Promise((resolve) => (this.#waiting = resolve));
  }
}
