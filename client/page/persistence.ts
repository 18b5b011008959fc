/** Asks for persistent storage at a good moment: with the first send that a gesture has led to, once for the origin. */
import type { PagePersistence } from "../ports.ts";

export class Persistence {
  readonly #port: PagePersistence;
  #automatic: boolean;

  constructor(port: PagePersistence, options: { readonly automatic: boolean }) {
    this.#port = port;
    this.#automatic = options.automatic;
  }

  sent(): void {
    if (!this.#automatic || !this.#port.inGesture()) return;
    this.#automatic = false;
    if (!this.#port.asked()) void this.ask().catch(() => undefined);
  }

  async ask(): Promise<boolean> {
    this.#automatic = false;
    this.#port.remember(true);
    return await this.#port.persist();
  }

  forget(): void {
    this.#port.remember(false);
  }
}
