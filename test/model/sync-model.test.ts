/**
 * Every interleaving on small bounds, of the functions that the client and the edge run. First the rules as they
 * stand: nothing is found, and from every state all can still be delivered. Then with one rule taken away: each time
 * the checker finds a history that breaks, and that is what shows that it looks.
 */
import { describe, expect, test } from "vitest";
import { explore, type Exploration } from "./explore.ts";
import { WITHOUT } from "./rules.ts";
import { syncModel, type Scenario } from "./sync-model.ts";

const run = (scenario: Scenario): Exploration => explore(syncModel(scenario), { statesMax: 400_000 });

interface Case extends Scenario {
  readonly name: string;
  /** Kinds of steps that must have been taken, or the case shows nothing. */
  readonly fires: readonly string[];
}

const SOUND: readonly Case[] = [
  {
    name: "three batches, the network lost twice",
    records: [["a", "b", "c"]],
    losses: 2,
    fires: ["LOSE", "edge takes"],
  },
  { name: "batches of two records", records: [["a", "bc", "d"]], losses: 1, fires: ["LOSE"] },
  {
    name: "a refusal in the middle that comes and goes",
    records: [["a", "b", "c"]],
    poison: "b",
    runBatches: 1,
    fires: ["POLICY", "edge voids"],
  },
  {
    name: "a refusal in the middle of a run",
    records: [["a", "b", "c"]],
    poison: "b",
    toggles: 1,
    fires: ["POLICY", "edge voids"],
  },
  {
    name: "a refusal and a lost network",
    records: [["a", "b"]],
    poison: "b",
    losses: 1,
    fires: ["POLICY", "LOSE", "edge voids"],
  },
  {
    name: "a copied profile",
    records: [["a", "b"], ["x"]],
    clones: 1,
    runBatches: 1,
    fires: ["CLONE", "device settles"],
  },
  {
    name: "a copied profile, other borders",
    records: [["ab"], ["x", "y"]],
    clones: 1,
    fires: ["CLONE", "device settles"],
  },
  {
    name: "copies of a copy",
    records: [["a"], ["x"], []],
    clones: 2,
    runBatches: 1,
    fires: ["CLONE", "device settles"],
  },
  {
    name: "a store rolled back",
    records: [["a", "b"], ["x"]],
    rollbacks: 1,
    losses: 1,
    fires: ["ROLLBACK", "LOSE", "device settles"],
  },
  {
    name: "a store rolled back, other borders",
    records: [["a", "bc"], ["xy"]],
    rollbacks: 1,
    fires: ["ROLLBACK", "device settles"],
  },
  {
    name: "a refusal that comes and goes, and a copy",
    records: [["a"], ["x"]],
    clones: 1,
    poison: "a",
    fires: ["CLONE", "POLICY", "edge voids"],
  },
  {
    name: "a refusal and a rollback",
    records: [["a", "b"], ["x"]],
    rollbacks: 1,
    poison: "a",
    toggles: 1,
    runBatches: 1,
    fires: ["ROLLBACK", "POLICY", "edge voids"],
  },
  {
    name: "an edge that forgets",
    records: [["a", "b"]],
    forgets: 1,
    doublesAllowed: true,
    fires: ["FORGET", "device settles"],
  },
];

describe("R03 R04 R10 R28 the sync rules", () => {
  test.each(SOUND)("hold: $name", ({ fires, ...scenario }) => {
    const seen = run(scenario);
    expect(seen.violation).toBeNull();
    expect(seen.stuck).toBeNull();
    expect(seen.cut).toBe(false);
    for (const kind of fires) expect(seen.fired.get(kind) ?? 0, kind).toBeGreaterThan(0);
  });
});

const COPY = {
  records: [
    ["a", "b"],
    ["x", "y"],
  ],
  clones: 1,
};
const BROKEN: readonly { readonly rule: keyof typeof WITHOUT; readonly scenario: Scenario; readonly breaks: RegExp }[] =
  [
    { rule: "the chain in the request", scenario: COPY, breaks: /^INVERTED/ },
    { rule: "acking by proof", scenario: COPY, breaks: /^LOST/ },
    {
      rule: "the identity check on answers",
      scenario: { records: [["a", "b"], ["x"]], rollbacks: 1, poison: "a", runBatches: 1 },
      breaks: /^WRONGLY DEAD/,
    },
    {
      rule: "reconcile before a successor",
      scenario: { records: [["a", "b"], ["x"]], rollbacks: 1 },
      breaks: /^DOUBLED/,
    },
    {
      rule: "the derived successor",
      scenario: { records: [["a"], ["x"], []], clones: 1, rollbacks: 1, runBatches: 1 },
      breaks: /^DOUBLED/,
    },
    { rule: "the void", scenario: { records: [["a", "b"]], poison: "a" }, breaks: /^FALSE DEAD/ },
    {
      rule: "the batch in the void",
      scenario: { records: [["a"], ["x"]], clones: 1, poison: "a" },
      breaks: /^WRONGLY DEAD/,
    },
  ];

describe("each rule is needed: without", () => {
  test.each(BROKEN)("$rule, a history breaks", ({ rule, scenario, breaks }) => {
    const seen = run({ ...scenario, rules: WITHOUT[rule] });
    expect(seen.violation?.what).toMatch(breaks);
  });
});
