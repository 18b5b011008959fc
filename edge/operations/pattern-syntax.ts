/**
 * The syntax of a pattern for names, of which only its parts are found here: that it is a legal regular expression the
 * engine has said before, and what one character of it matches the engine says as well.
 */
import { StrandlineError } from "../../shared/strandline-error.ts";

export type Piece =
  /** One character, as `source` says. */
  | { readonly kind: "one"; readonly source: string }
  | { readonly kind: "at"; readonly where: "start" | "end" | "edge" | "inside" }
  | { readonly kind: "any"; readonly of: readonly (readonly Piece[])[] }
  | { readonly kind: "ahead"; readonly of: Piece; readonly isNot: boolean }
  | { readonly kind: "repeat"; readonly of: Piece; readonly least: number; readonly most: number };

const PLACES = { "^": "start", $: "end", "\\b": "edge", "\\B": "inside" } as const;
/** A class, an escape, or a character. Braces of `\u{...}` and `\p{...}` belong to them only with the flags that say so. */
const CLASS = /\[(?:\\.|[^\]\\])*\]/y;
const UNICODE_ESCAPE = /\\(?:[pPu]\{[^}]*\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[a-zA-Z]|.)/y;
const ESCAPE = /\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[a-zA-Z]|.)/y;
const QUANTIFIER = /(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/y;
const GROUP = /\((?:\?(?::|=|!|<(?![=!])[^>]*>))?/y;

/** `source` is a legal one. Throws `INVALID_REGULAR_EXPRESSION` of what has no bound that could be kept. */
export function piecesOf(source: string, isUnicode: boolean): Piece {
  return new Reading(source, isUnicode).whole();
}

export function tooMuch(source: string, why: string): StrandlineError {
  const pattern = source.slice(0, 64);
  return new StrandlineError("INVALID_REGULAR_EXPRESSION", `${JSON.stringify(pattern)} ${why}`, { pattern });
}

class Reading {
  readonly #source: string;
  readonly #escape: RegExp;
  #at = 0;

  constructor(source: string, isUnicode: boolean) {
    this.#source = source;
    this.#escape = isUnicode ? UNICODE_ESCAPE : ESCAPE;
  }

  whole(): Piece {
    return { kind: "any", of: this.#alternatives() };
  }

  #alternatives(): (readonly Piece[])[] {
    const all: Piece[][] = [[]];
    for (; this.#at < this.#source.length && this.#source[this.#at] !== ")";) {
      if (this.#source[this.#at] === "|") {
        this.#at += 1;
        all.push([]);
      } else all.at(-1)?.push(this.#repeated(this.#piece()));
    }
    return all;
  }

  #piece(): Piece {
    if (this.#source[this.#at] === "(") return this.#group();
    const source = this.#take(CLASS)?.[0] ?? this.#take(this.#escape)?.[0] ?? this.#source[this.#at++] ?? "";
    if (source in PLACES) return { kind: "at", where: PLACES[source as keyof typeof PLACES] };
    if (/^\\[1-9k]/.test(source)) throw tooMuch(this.#source, "refers back to what it matched, which is not supported");
    return { kind: "one", source };
  }

  #group(): Piece {
    const [open = ""] = this.#take(GROUP) ?? [];
    if (open === "(" && this.#source[this.#at] === "?")
      throw tooMuch(this.#source, "looks behind or changes its flags, which is not supported");
    const of: Piece = { kind: "any", of: this.#alternatives() };
    this.#at += 1;
    return open === "(?=" || open === "(?!" ? { kind: "ahead", of, isNot: open === "(?!" } : of;
  }

  #repeated(of: Piece): Piece {
    const found = this.#take(QUANTIFIER);
    if (found === null) return of;
    const [, sign, from, comma, to] = found;
    if (sign !== undefined)
      return { kind: "repeat", of, least: sign === "+" ? 1 : 0, most: sign === "?" ? 1 : Number.POSITIVE_INFINITY };
    const least = Number(from);
    if (comma === undefined) return { kind: "repeat", of, least, most: least };
    return { kind: "repeat", of, least, most: to === "" ? Number.POSITIVE_INFINITY : Number(to) };
  }

  #take(what: RegExp): RegExpExecArray | null {
    what.lastIndex = this.#at;
    const found = what.exec(this.#source);
    if (found !== null) this.#at = what.lastIndex;
    return found;
  }
}
