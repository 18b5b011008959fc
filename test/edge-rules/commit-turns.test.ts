/** Writes that share a commit of storage. */
import { expect, test } from "vitest";
import { CommitTurns } from "../../edge/partition/commit-turns.ts";

function storage(): { readonly turns: CommitTurns; readonly written: string[]; readonly commits: (() => void)[] } {
  const commits: (() => void)[] = [];
  const turns = new CommitTurns(async () => await new Promise((resolve) => void commits.push(resolve)));
  return { turns, written: [], commits };
}

test("a lone write waits for nothing; what arrives while it is committed is written in one turn, with one commit", async () => {
  const { turns, written, commits } = storage();
  const write = async (name: string): Promise<string> =>
    await turns.take(async () => {
      written.push(name);
      return await Promise.resolve(name);
    });
  const first = write("first");
  expect(written).toEqual(["first"]);
  const others = ["a", "b", "c"].map(write);
  expect(await first).toBe("first");
  expect([written, commits.length]).toEqual([["first"], 1]);
  commits[0]?.();
  expect(await Promise.all(others)).toEqual(["a", "b", "c"]);
  expect([written, commits.length]).toEqual([["first", "a", "b", "c"], 2]);
});

test("a write that is refused, and a commit that fails, keep nobody waiting", async () => {
  const refused = new CommitTurns(async () => await Promise.reject(new Error("the disk is gone")));
  await expect(refused.take(async () => await Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await refused.take(async () => await Promise.resolve(1))).toBe(1);
});
