/** Notes what tests are answered; `npm test` compares that with what the routes say they answer (every-code.ts). */
import { TestRunner } from "vitest";
import { ERRORS, isErrorCode, type ErrorCode } from "../../shared/error-table.ts";
import type { RestError } from "../../edge/kafka-rest/rest-error.ts";
import type { ErrorBody } from "../../shared/strandline-error.ts";

declare module "vitest" {
  interface TaskMeta {
    /** Answers that no earlier test of the file was given. */
    answers?: string[];
  }
}

const noted = new Set<string>();

/** `answer`: a status of success, or a code. What comes while no test runs (in a hook) is not noted. */
export function noteAnswer(route: string, answer: number | ErrorCode): void {
  const test = TestRunner.getCurrentTest();
  const note = `${route} ${answer}`;
  if (test === undefined || noted.has(note)) return;
  noted.add(note);
  (test.meta.answers ??= []).push(note);
}

/** The REST proxy's numbers stand for several codes each: there the sentence tells. */
export function codeOf(body: { readonly error: ErrorBody } | RestError): ErrorCode {
  if ("error" in body) return body.error.code;
  const code = Object.keys(ERRORS).find((one) => isErrorCode(one) && isSaid(ERRORS[one].sentence, body.message));
  if (!isErrorCode(code)) throw new Error(`no code says ${body.message}`);
  return code;
}

function isSaid(sentence: string, message: string): boolean {
  return message === sentence || message.startsWith(`${sentence} (`);
}
