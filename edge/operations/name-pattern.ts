/**
 * A pattern of a subscription, matched in time that its length and the name's bound. The engine's own search goes back
 * and tries again: `(a+)+$` would hold an isolate, and everybody whom it serves, for as long as who subscribes likes. Here
 * all ways through the pattern are gone at once, a character at a time, and what they cost is counted.
 */
import { piecesOf, tooMuch, type Piece } from "./pattern-syntax.ts";

type State =
  | { readonly kind: "one"; readonly id: number; readonly accepts: (char: string) => boolean; readonly next: State }
  | { readonly kind: "split"; readonly id: number; readonly next: State[] }
  | {
      readonly kind: "if";
      readonly id: number;
      readonly holds: (name: string, at: number) => boolean;
      readonly next: State;
    }
  | { readonly kind: "end"; readonly id: number };

/** Of all patterns of a subscription, with what they repeat. */
const STATES_MAX = 20_000;
/** Of all patterns over all names: a fraction of a second. */
const STEPS_MAX = 20_000_000;

/** What patterns may cost, over all that share it. Throws `INVALID_REGULAR_EXPRESSION`. */
export class PatternBudget {
  #left = STEPS_MAX;
  #room = STATES_MAX;

  add(source: string): void {
    this.#room -= 1;
    if (this.#room < 0) throw tooMuch(source, "is too large, with what it repeats and those beside it");
  }

  spend(steps: number, source: string): void {
    this.#left -= steps;
    if (this.#left < 0) throw tooMuch(source, "takes too long to match against all names");
  }
}

export class NamePattern {
  readonly #source: string;
  readonly #flags: string;
  readonly #budget: PatternBudget;
  readonly #ones = new Map<string, (char: string) => boolean>();
  readonly #start: State;
  #states = 0;
  /** Of the name at hand, where a look ahead was answered before. */
  #known = new Map<number, boolean>();

  /** `flags` without `g` and `y`. Throws `INVALID_REGULAR_EXPRESSION`. */
  constructor(source: string, flags: string, budget: PatternBudget = new PatternBudget()) {
    this.#source = source;
    this.#flags = flags;
    this.#budget = budget;
    try {
      new RegExp(source, flags);
    } catch {
      throw tooMuch(source, `with flags ${JSON.stringify(flags)} is no regular expression`);
    }
    // Classes within classes are its own.
    if (flags.includes("v")) throw tooMuch(source, "has the flag v, which is not supported");
    const pieces = piecesOf(source, flags.includes("u"));
    this.#start = this.#compile(pieces, { kind: "end", id: this.#newId() });
  }

  /** As `RegExp.test` has it, for a name without line ends. */
  test(name: string): boolean {
    this.#known.clear();
    return this.#runs(this.#start, name, { from: 0, isSearch: true });
  }

  #newId(): number {
    this.#states += 1;
    return this.#states - 1;
  }

  #compile(piece: Piece, next: State): State {
    this.#budget.add(this.#source);
    switch (piece.kind) {
      case "one":
        return { kind: "one", id: this.#newId(), accepts: this.#accepting(piece.source), next };
      case "at": {
        const { where } = piece;
        return { kind: "if", id: this.#newId(), holds: (name, at) => isAt(where, name, at), next };
      }
      case "any": {
        const ways = piece.of.map((row) => row.reduceRight((rest, one) => this.#compile(one, rest), next));
        const [only] = ways;
        return ways.length === 1 && only !== undefined ? only : { kind: "split", id: this.#newId(), next: ways };
      }
      case "ahead":
        return this.#ahead(piece, next);
      case "repeat":
        return this.#repeat(piece, next);
    }
  }

  #ahead({ of, isNot }: Extract<Piece, { kind: "ahead" }>, next: State): State {
    const id = this.#newId();
    const start = this.#compile(of, { kind: "end", id: this.#newId() });
    const holds = (name: string, at: number): boolean => {
      const key = id * 1_000_000 + at;
      const found = this.#known.get(key) ?? this.#runs(start, name, { from: at, isSearch: false });
      this.#known.set(key, found);
      return found !== isNot;
    };
    return { kind: "if", id, holds, next };
  }

  #repeat({ of, least, most }: Extract<Piece, { kind: "repeat" }>, next: State): State {
    let from = next;
    if (most === Number.POSITIVE_INFINITY) {
      const again: State = { kind: "split", id: this.#newId(), next: [next] };
      again.next.push(this.#compile(of, again));
      from = again;
    } else
      for (let count = least; count < most; count += 1)
        from = { kind: "split", id: this.#newId(), next: [next, this.#compile(of, from)] };
    for (let count = 0; count < least; count += 1) from = this.#compile(of, from);
    return from;
  }

  #accepting(source: string): (char: string) => boolean {
    const known = this.#ones.get(source);
    if (known !== undefined) return known;
    const regex = new RegExp(`^(?:${source === "/" ? "\\/" : source})$`, this.#flags);
    const answers = new Map<string, boolean>();
    const accepts = (char: string): boolean => {
      const answer = answers.get(char) ?? regex.test(char);
      answers.set(char, answer);
      return answer;
    };
    this.#ones.set(source, accepts);
    return accepts;
  }

  /** Whether some way leads from there to its end; `isSearch`: from there or anywhere behind. */
  #runs(start: State, name: string, { from, isSearch }: { from: number; isSearch: boolean }): boolean {
    const seenAt = new Int32Array(this.#states).fill(-1);
    this.#budget.spend(this.#states >> 4, this.#source);
    let now: State[] = [start];
    for (let at = from; at <= name.length; at += 1) {
      const char = name[at];
      const next: State[] = [];
      if (isSearch && at > from) now.push(start);
      for (let state = now.pop(); state !== undefined; state = now.pop()) {
        if (seenAt[state.id] === at) continue;
        seenAt[state.id] = at;
        this.#budget.spend(1, this.#source);
        if (state.kind === "end") return true;
        if (state.kind === "split") now.push(...state.next);
        else if (state.kind === "if") {
          if (state.holds(name, at)) now.push(state.next);
        } else if (char !== undefined && state.accepts(char)) next.push(state.next);
      }
      if (next.length === 0 && !isSearch) return false;
      now = next;
    }
    return false;
  }
}

function isAt(where: Extract<Piece, { kind: "at" }>["where"], name: string, at: number): boolean {
  if (where === "start") return at === 0;
  if (where === "end") return at === name.length;
  const isEdge = isWord(name[at - 1]) !== isWord(name[at]);
  return isEdge === (where === "edge");
}

function isWord(char: string | undefined): boolean {
  return char !== undefined && /\w/.test(char);
}
