/**
 * A page that hangs ends nothing by itself: the time limits of its tests are kept by the page. So the run is watched
 * from outside: when nothing began or ended for longer than any test may take, it ends with a sentence.
 */
import type { Reporter, TestCase, TestModule, TestSpecification } from "vitest/node";

export interface HangWatchDeps {
  readonly say: (sentence: string) => void;
  /** Browsers are ended with the process. */
  readonly end: () => void;
}

/** Beside the limits of a test and of its hooks: opening a page, loading a file, an engine that collects its garbage. */
const SLACK_MS = 60_000;

const PROCESS: HangWatchDeps = {
  say: (sentence) => console.error(sentence),
  end: () => process.exit(1),
};

export class HangWatch implements Reporter {
  readonly #deps: HangWatchDeps;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #limitMs = 0;
  #last = "the start of the run";

  constructor(deps: HangWatchDeps = PROCESS) {
    this.#deps = deps;
  }

  /** Only runs in browsers are watched: what else hangs is ended by the limit of its step. */
  onTestRunStart(specifications: readonly TestSpecification[]): void {
    const configs = specifications.map(({ project }) => project.config).filter(({ browser }) => browser.enabled);
    this.#limitMs =
      Math.max(...configs.map(({ testTimeout, hookTimeout }) => testTimeout + 2 * hookTimeout)) + SLACK_MS;
    if (configs.length > 0) this.#heard("the start of the run");
  }

  onTestModuleStart({ relativeModuleId }: TestModule): void {
    this.#heard(`the start of ${relativeModuleId}`);
  }

  onTestCaseReady(test: TestCase): void {
    this.#heard(`the start of ${place(test)}`);
  }

  onTestCaseResult(test: TestCase): void {
    this.#heard(`the end of ${place(test)}`);
  }

  onTestModuleEnd({ relativeModuleId }: TestModule): void {
    this.#heard(`the end of ${relativeModuleId}`);
  }

  onTestRunEnd(): void {
    this.#limitMs = 0;
    clearTimeout(this.#timer);
  }

  #heard(last: string): void {
    if (this.#limitMs <= 0) return;
    this.#last = last;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#hung(), this.#limitMs);
  }

  #hung(): void {
    this.#deps.say(
      `The browser hangs: nothing for ${this.#limitMs / 1000} s since ${this.#last}. The run ends here, and its browser with it.`,
    );
    this.#deps.end();
  }
}

function place({ module, fullName }: TestCase): string {
  return `"${fullName}" in ${module.relativeModuleId}`;
}
