import { describe, expect, test } from "vitest";
import { explore } from "./explore.ts";
import { groupModel, type GroupScenario } from "./group-model.ts";

Error.stackTraceLimit = 0;
const run = (scenario: GroupScenario) => explore(groupModel(scenario), { statesMax: 300_000 });

const SOUND: readonly (GroupScenario & { readonly name: string })[] = [
  { name: "a move", budget: { moves: 1 } },
  { name: "a move, evicted", budget: { moves: 1, evictions: 1 } },
];

describe("hold", () => {
  test.each(SOUND)("$name", (scenario) => {
    const before = performance.now();
    const seen = run(scenario);
    console.log(scenario.name, seen.states, seen.transitions, seen.cut, performance.now() - before);
    expect(seen.violation).toBeNull();
    expect(seen.stuck).toBeNull();
    expect(seen.cut).toBe(false);
  });
});
