/** Typed events. A listener that throws does not keep the others from hearing. */
import { StrandlineError } from "../../shared/strandline-error.ts";

export type Listener<Event> = (event: Event) => void;

export class Emitter<Events extends object> {
  readonly #names: readonly (keyof Events)[];
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>();

  constructor(names: readonly (keyof Events)[]) {
    this.#names = names;
  }

  /** Returns the way to stop listening. Throws `INVALID_ARGUMENT` for a name that no event has. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    if (!this.#names.includes(name)) throw unknownEvent(String(name), this.#names.join(", "));
    let listeners = this.#listeners.get(name);
    if (listeners === undefined) this.#listeners.set(name, (listeners = new Set()));
    listeners.add(listener as Listener<never>);
    return () => void listeners.delete(listener as Listener<never>);
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as Listener<Events[Name]>)(event);
      } catch (error) {
        // As an event target does: the error is reported, and is nobody's to catch.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

function unknownEvent(event: string, known: string): StrandlineError {
  return new StrandlineError("INVALID_ARGUMENT", `no event is called ${JSON.stringify(event)}: there are ${known}`, {
    event,
  });
}
