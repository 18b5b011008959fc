/** An event that loops wait for: `notify` before `wait` is not lost, many before one `wait` count once. */
export class Nudge {
  #pending = false;
  #waiter: (() => void) | null = null;

  notify(): void {
    this.#pending = true;
    this.#waiter?.();
  }

  async wait(): Promise<void> {
    if (!this.#pending) {
      await new Promise<void>((resolve) => {
        this.#waiter = resolve;
      });
    }
    this.#waiter = null;
    this.#pending = false;
  }
}
