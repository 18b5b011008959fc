/**
 * Whether every answer that the table of routes tells of was given to some test: its statuses of success, and its
 * codes. Tests note answers in the `meta` of their task, which the JSON report carries out of workerd; only a run of
 * all its files can be asked. An answer is `POST /v1/topics 201` or `POST /v1/topics INVALID_CONFIG`.
 */
import type { DocumentedRoute } from "../../edge/openapi/document.ts";
import type { ErrorCode } from "../../shared/error-table.ts";

/** What no test can bring about, and why. An entry that a test does bring about, or no route tells of, is refused. */
export const UNPROVOKED: ReadonlyMap<string, string> = new Map([]);

export interface Told {
  readonly routes: readonly DocumentedRoute[];
  /** Codes that any route may answer: one of them has to. */
  readonly everyRoute: readonly ErrorCode[];
  readonly unprovoked: ReadonlyMap<string, string>;
}

/** One line for each answer that is told of and was not given, or that was given and should not have been possible. */
export function unanswered(report: unknown, { routes, everyRoute, unprovoked }: Told): readonly string[] {
  const given = new Set(answersIn(report));
  const codes = new Set(Array.from(given, (answer) => answer.slice(answer.lastIndexOf(" ") + 1)));
  const told = new Map<string, boolean>();
  for (const code of everyRoute) told.set(`any route ${code}`, codes.has(code));
  for (const { method, path, doc } of routes)
    for (const answer of answersOf(doc).map((one) => `${method} ${path} ${one}`)) told.set(answer, given.has(answer));
  return [
    ...Array.from(told, ([answer, isGiven]) =>
      isGiven || unprovoked.has(answer) ? [] : [`${answer}: no test is answered so`],
    ).flat(),
    ...Array.from(unprovoked.keys(), (answer) =>
      told.get(answer) === false ? [] : [`${answer}: a test is answered so, or no route is: no exception`],
    ).flat(),
  ];
}

function answersOf({ answer, errors, headers }: DocumentedRoute["doc"]): readonly string[] {
  const { status, repeated, later } = answer;
  const unchanged = headers !== undefined && "if-none-match" in headers ? 304 : undefined;
  return [...[status, repeated, later, unchanged].flatMap((one) => (one === undefined ? [] : [`${one}`])), ...errors];
}

/** From Vitest's JSON report; none, where that is no report. */
function answersIn(report: unknown): readonly string[] {
  const { testResults = [] } = (report ?? {}) as Report;
  return testResults.flatMap(({ assertionResults }) => assertionResults.flatMap(({ meta }) => meta.answers ?? []));
}

interface Report {
  readonly testResults?: readonly {
    readonly assertionResults: readonly { readonly meta: { readonly answers?: readonly string[] } }[];
  }[];
}
