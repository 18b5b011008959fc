/**
 * The shell of a Markdown page. A block fenced with `sh run` is to be run; where a block fenced with `text` comes right
 * after it, each of its lines is to be found in the output, `…` standing for anything.
 */
export interface ShellBlock {
  /** Of its first line, from 1. */
  readonly line: number;
  readonly code: string;
  readonly shows: readonly RegExp[];
}

const BLOCK = /^```sh run\n(?<code>[\s\S]*?)^```[ \t]*\n(?:\s*^```text\n(?<shown>[\s\S]*?)^```)?/gm;

export function shellBlocks(markdown: string): readonly ShellBlock[] {
  return [...markdown.matchAll(BLOCK)].map((match) => ({
    line: markdown.slice(0, match.index).split("\n").length + 1,
    code: match.groups?.["code"] ?? "",
    shows: linesOf(match.groups?.["shown"] ?? "").map(patternOf),
  }));
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}

function patternOf(line: string): RegExp {
  const parts = line.split("…").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(parts.join(".*"), "s");
}
