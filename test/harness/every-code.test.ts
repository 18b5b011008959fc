import { describe, expect, test } from "vitest";
import { unanswered, type Told } from "./every-code.ts";

const ANSWER = { status: 201, repeated: 200, later: 202, contents: [] };
const doc = { summary: "", query: null, body: null, answer: ANSWER, errors: ["INVALID_CONFIG"] } as const;
const TOLD: Told = {
  routes: [{ method: "POST", path: "/v1/topics", doc: { ...doc, headers: { "if-none-match": "" } } }],
  everyRoute: ["FORBIDDEN_ORIGIN"],
  unprovoked: new Map(),
};
const ALL = [201, 200, 202, 304, "INVALID_CONFIG"].map((answer) => `POST /v1/topics ${answer}`);
const ELSEWHERE = "GET /v1/acls FORBIDDEN_ORIGIN";

function reportOf(...answers: readonly string[]): unknown {
  const notes = answers.map((answer) => ({ assertionResults: [{ meta: { answers: [answer] } }, { meta: {} }] }));
  return { testResults: [...notes, { assertionResults: [] }] };
}

describe("answers that no test was given", () => {
  test("are none where each was given once, in whatever file, and a code of any route anywhere", () => {
    expect(unanswered(reportOf(...ALL, ELSEWHERE), TOLD)).toEqual([]);
  });

  test.each(ALL)("%s is told by its name", (missing) => {
    const given = [...ALL.filter((one) => one !== missing), "POST /v1/topic INVALID_CONFIG", ELSEWHERE];
    expect(unanswered(reportOf(...given), TOLD)).toEqual([`${missing}: no test is answered so`]);
  });

  test.each([null, {}, { testResults: [] }])("are all of them where the report is %j", (report) => {
    expect(unanswered(report, TOLD)).toHaveLength(ALL.length + 1);
  });

  test("may be excepted, but only as long as it is true", () => {
    const unprovoked = new Map([["any route FORBIDDEN_ORIGIN", "for want of a stranger"]]);
    expect(unanswered(reportOf(...ALL), { ...TOLD, unprovoked })).toEqual([]);
    expect(unanswered(reportOf(...ALL, ELSEWHERE), { ...TOLD, unprovoked })).toHaveLength(1);
    const gone = new Map([["POST /v1/topics INVALID_PARTITIONS", "of yesterday"]]);
    expect(unanswered(reportOf(...ALL, ELSEWHERE), { ...TOLD, unprovoked: gone })).toHaveLength(1);
  });
});
