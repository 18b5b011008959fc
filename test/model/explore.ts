/**
 * An explicit-state model checker: breadth first over every interleaving, so that the history it prints is a shortest
 * one. Safety: a step may report a violation. Liveness: from every state a goal can be reached without another fault.
 */
export interface Step<State> {
  readonly label: string;
  readonly next: State;
  /** Violations end the history; the state after them is not looked at. */
  readonly violations: readonly string[];
  /** Faults are explored, but nothing may depend on one to get out of a state. */
  readonly fault: boolean;
}

export interface Model<State> {
  initial(): State;
  steps(state: State): Iterable<Step<State>>;
  isGoal(state: State): boolean;
}

export interface Finding {
  readonly what: string;
  readonly history: readonly string[];
}

export interface Exploration {
  readonly states: number;
  readonly transitions: number;
  /** How often each kind of step was taken: the label up to its first bracket. */
  readonly fired: ReadonlyMap<string, number>;
  readonly violation: Finding | null;
  readonly stuck: Finding | null;
  /** The bound was met before everything was seen. */
  readonly cut: boolean;
}

interface Seen<State> {
  readonly id: number;
  readonly parent: Seen<State> | null;
  readonly label: string;
  /** Dropped once expanded: only the identity of a state is kept. */
  state: State | null;
}

export function explore<State>(model: Model<State>, options: { readonly statesMax: number }): Exploration {
  const search = new Search(model, options.statesMax);
  search.run();
  return search.result();
}

class Search<State> {
  readonly #model: Model<State>;
  readonly #statesMax: number;
  readonly #byText = new Map<string, number>();
  readonly #all: Seen<State>[] = [];
  readonly #goals: number[] = [];
  readonly #edges: [from: number, to: number][] = [];
  readonly #fired = new Map<string, number>();
  #transitions = 0;
  #violation: Finding | null = null;
  #cut = false;

  constructor(model: Model<State>, statesMax: number) {
    this.#model = model;
    this.#statesMax = statesMax;
  }

  run(): void {
    this.#visit(this.#model.initial(), null, "");
    for (let at = 0; at < this.#all.length && this.#violation === null; at += 1) {
      if (this.#all.length > this.#statesMax) {
        this.#cut = true;
        return;
      }
      const seen = this.#all[at];
      if (seen?.state != null) this.#expand(seen, seen.state);
    }
  }

  #expand(seen: Seen<State>, state: State): void {
    if (this.#model.isGoal(state)) this.#goals.push(seen.id);
    for (const step of this.#model.steps(state)) {
      this.#transitions += 1;
      const kind = step.label.replace(/\(.*$/, "");
      this.#fired.set(kind, (this.#fired.get(kind) ?? 0) + 1);
      const [violation] = step.violations;
      if (violation !== undefined) {
        this.#violation = { what: violation, history: [...historyOf(seen), step.label] };
        return;
      }
      const to = this.#visit(step.next, seen, step.label);
      if (!step.fault) this.#edges.push([seen.id, to]);
    }
    seen.state = null;
  }

  #visit(state: State, parent: Seen<State> | null, label: string): number {
    const text = JSON.stringify(state);
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const id = this.#all.length;
    this.#byText.set(text, id);
    this.#all.push({ id, parent, label, state });
    return id;
  }

  result(): Exploration {
    const stuck = this.#violation === null && !this.#cut ? this.#firstStuck() : null;
    return {
      states: this.#all.length,
      transitions: this.#transitions,
      fired: this.#fired,
      violation: this.#violation,
      stuck,
      cut: this.#cut,
    };
  }

  /** States are numbered breadth first, so the first that cannot reach a goal has a shortest history. */
  #firstStuck(): Finding | null {
    const into: number[][] = this.#all.map(() => []);
    for (const [from, to] of this.#edges) into[to]?.push(from);
    const reaches = new Set(this.#goals);
    const queue = [...this.#goals];
    for (let at = 0; at < queue.length; at += 1) {
      for (const from of into[queue[at] ?? -1] ?? []) {
        if (reaches.has(from)) continue;
        reaches.add(from);
        queue.push(from);
      }
    }
    const stuck = this.#all.find((seen) => !reaches.has(seen.id));
    return stuck === undefined ? null : { what: "no goal can be reached", history: historyOf(stuck) };
  }
}

function historyOf<State>(seen: Seen<State>): string[] {
  const labels: string[] = [];
  for (let at: Seen<State> | null = seen; at?.parent != null; at = at.parent) labels.push(at.label);
  return labels.reverse();
}
