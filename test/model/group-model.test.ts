/**
 * Every interleaving on small bounds, of the machine that the group object runs. First the rules as they stand: nothing
 * is found, and from every state the log can still be handled to its end. Then with one rule taken away: each time a
 * history that breaks is found, and that is what shows that the checker looks.
 */
import { describe, expect, test } from "vitest";
import { explore, type Exploration } from "./explore.ts";
import { groupModel, type GroupScenario } from "./group-model.ts";
import type { GroupRules } from "./group-world.ts";

const run = (scenario: GroupScenario): Exploration => explore(groupModel(scenario), { statesMax: 100_000 });

interface Case extends GroupScenario {
  readonly name: string;
  /** Kinds of steps that must have been taken, or the case shows nothing. */
  readonly fires: readonly string[];
}

const SOUND: readonly Case[] = [
  { name: "it moves, the object is evicted", budget: { moves: 1, evictions: 1 }, fires: ["MOVE", "EVICT"] },
  { name: "it moves, a message is lost or late", budget: { moves: 1, losses: 1 }, fires: ["LOSE", "BEAT AGAIN"] },
  {
    name: "it moves right after the first grant, a message comes twice",
    budget: { moves: 1, doubles: 1 },
    isFresh: true,
    epochMax: 3,
    fires: ["MOVE", "DOUBLE"],
  },
  { name: "it moves there and back", budget: { moves: 2 }, fires: ["MOVE", "release"] },
  {
    name: "an owner loses what it owns, and beats twice",
    budget: { drops: 1, losses: 1 },
    records: 2,
    fires: ["DROP", "BEAT AGAIN"],
  },
  { name: "a session ends", budget: { expiries: 1 }, epochMax: 4, fires: ["EXPIRE"] },
  { name: "a member crashes", budget: { crashes: 1 }, epochMax: 3, fires: ["CRASH", "EXPIRE"] },
];

describe("R19 R22 the rules of a group", () => {
  test.each(SOUND)("hold: $name", ({ name, fires, ...scenario }) => {
    const seen = run(scenario);
    console.log(`${name}: ${seen.states} states, ${seen.transitions} steps`);
    expect(seen.violation).toBeNull();
    expect(seen.stuck).toBeNull();
    expect(seen.cut).toBe(false);
    for (const kind of fires) expect(seen.fired.get(kind) ?? 0, kind).toBeGreaterThan(0);
  });
});

const BROKEN: readonly (GroupScenario & {
  readonly rule: string;
  readonly rules: Partial<GroupRules>;
  readonly breaks: RegExp;
})[] = [
  { rule: "the owner in the fence", rules: { checksOwner: false }, budget: { moves: 1 }, breaks: /^STALE COMMIT/ },
  { rule: "the fence before the grant", rules: { isFenced: false }, budget: { moves: 1 }, breaks: /^STALE COMMIT/ },
  { rule: "the counter of commits", rules: { checksCounter: false }, budget: {}, records: 2, breaks: /^REGRESS/ },
  {
    rule: "the write before the answer",
    rules: { isWrittenFirst: false },
    budget: { moves: 1, evictions: 1 },
    breaks: /^(TWO OWNERS|OVERLAP|STALE COMMIT)/,
  },
];

describe("each rule is needed: without", () => {
  test.each(BROKEN)("$rule, a history breaks", ({ rule: _, breaks, ...scenario }) => {
    expect(run(scenario).violation?.what).toMatch(breaks);
  });
});
