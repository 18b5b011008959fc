/** When what was handled is committed by itself, on a clock that passes by hand. */
import { expect, test } from "vitest";
import { Commits, type CommitsDeps } from "../../../client/page/commits.ts";

class Lab {
  now = 1_000;
  handledTo = 0;
  readonly committed: number[] = [];
  readonly #sleeps: { readonly until: number; readonly wake: () => void }[] = [];
  failing = false;
  readonly stopping = new AbortController();
  /** Commits are answered behind it. */
  answered: Promise<void> = Promise.resolve();
  #committedTo = 0;
  readonly commits: Commits;

  /** `stepwise`: the caller has said when. */
  constructor({ stepwise = false, coordinator = "device" } = {}) {
    this.commits = this.#open(stepwise, coordinator);
  }

  #open(stepwise: boolean, coordinator: string): Commits {
    return new Commits({
      options: { groupId: "g", group: { coordinator } },
      stopping: this.stopping.signal,
      clock: {
        now: () => this.now,
        sleep: async (ms: number, signal?: AbortSignal) =>
          await new Promise<void>((wake) => {
            this.#sleeps.push({ until: this.now + ms, wake });
            signal?.addEventListener("abort", () => wake());
          }),
      },
      autoCommit: {
        stepwise,
        due: () => this.#due(),
        all: () => this.#due(),
        dueInMs: null,
        committed: () => {},
      },
      book: { committable: (offsets: unknown) => offsets, committing: () => {}, committed: () => {} },
      link: {
        on: async () => {
          if (this.failing) throw new Error("planned");
          this.#committedTo = this.handledTo;
          this.committed.push(this.handledTo);
          await this.answered;
          return [];
        },
      },
      onCommitted: () => {},
      onRefused: () => {},
    } as unknown as CommitsDeps);
  }

  #due(): object[] {
    return this.handledTo > this.#committedTo ? [{ topic: "t", partition: 0, offset: this.handledTo }] : [];
  }

  async passes(ms: number): Promise<void> {
    this.now += ms;
    for (const { until, wake } of this.#sleeps) if (until <= this.now) wake();
    await settled();
  }

  async handle(offset: number): Promise<void> {
    this.handledTo = offset;
    this.commits.beside();
    await settled();
  }
}

/** No real timer is under way: one task later all is done that can be. */
async function settled(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

test.each([
  ["device", 100],
  ["edge", 250],
] as const)(
  "many quick answers of a group of the %s are committed together, within %d ms",
  async (coordinator, paceMs) => {
    const lab = new Lab({ coordinator });
    await lab.handle(10);
    expect(lab.committed).toEqual([10]);
    for (let offset = 11; offset <= 19; offset += 1) {
      await lab.passes(paceMs / 10);
      await lab.handle(offset);
    }
    expect(lab.committed).toEqual([10]);
    // The handler is at more meanwhile, for long, and nobody asks.
    await lab.passes(paceMs / 10);
    expect(lab.committed).toEqual([10, 19]);
  },
);

test("slow answers are committed at once; a look that finds nothing due is none", async () => {
  const lab = new Lab();
  await lab.handle(0);
  await lab.handle(1);
  await lab.passes(100);
  await lab.handle(2);
  expect(lab.committed).toEqual([1, 2]);
});

test("a caller's own interval or threshold is not slowed down", async () => {
  const lab = new Lab({ stepwise: true });
  await lab.handle(1);
  await lab.handle(2);
  expect(lab.committed).toEqual([1, 2]);
});

test("a clock that jumps back delays nothing", async () => {
  const lab = new Lab();
  await lab.handle(1);
  await lab.passes(-1_000_000);
  await lab.handle(2);
  expect(lab.committed).toEqual([1, 2]);
});

test("while nothing comes, what is left is committed when its turn is there", async () => {
  const lab = new Lab();
  await lab.handle(1);
  lab.handledTo = 2;
  let answered = (): void => {};
  const next = new Promise<void>((resolve) => (answered = resolve));
  const idle = lab.commits.whileIdle(next, () => true);
  await settled();
  expect(lab.committed).toEqual([1]);
  await lab.passes(100);
  expect(lab.committed).toEqual([1, 2]);
  answered();
  await idle;
});

test("one that stops commits by its own last call, and no more beside it", async () => {
  const lab = new Lab();
  await lab.handle(1);
  await lab.handle(2);
  lab.stopping.abort();
  await settled();
  await lab.passes(100);
  expect(lab.committed).toEqual([1]);
});

test("what was handled while a commit was under way is committed behind it, though nobody asks again", async () => {
  const lab = new Lab();
  const { promise, resolve } = Promise.withResolvers<void>();
  lab.answered = promise;
  await lab.handle(1);
  await lab.handle(2);
  await lab.passes(1_000);
  expect(lab.committed).toEqual([1]);
  resolve();
  await settled();
  expect(lab.committed).toEqual([1, 2]);
});

test("one that fails is told to whoever polls next, and a handler that is long meanwhile is committed all the same", async () => {
  const lab = new Lab();
  lab.failing = true;
  await lab.handle(1);
  lab.failing = false;
  await lab.passes(100);
  lab.handledTo = 2;
  lab.commits.soon();
  await settled();
  expect(lab.committed).toEqual([2]);
  expect(() => lab.commits.beside()).toThrow("planned");
  lab.commits.beside();
});
