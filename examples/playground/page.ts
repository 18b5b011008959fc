/** What every part of the page needs of it. */
import { StrandlineError } from "strandline";

export function element<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as Kind;
}

/** Screen readers say what changes: what does not is left alone. */
export function say(id: string, text: string): void {
  const at = element(id);
  if (at.textContent !== text) at.textContent = text;
}

/** What went wrong stands on the page until somebody clicks again. */
export function complain(error: unknown): void {
  element("problem").hidden = false;
  say("problem", error instanceof StrandlineError ? `${error.code}: ${error.message}` : String(error));
}

/** Runs what a click asked for. */
export function attempt(work: () => Promise<void>): void {
  element("problem").hidden = true;
  work().catch(complain);
}
