/**
 * The shell of a Markdown page. A block fenced with `sh run` is to be run, one with `sh serve` starts what the blocks
 * after it call; where a block fenced with `text` comes right
 * after it, each of its lines is to be found in the output, `…` standing for anything.
 */
export interface ShellBlock {
  /** Of its first line, from 1. */
  readonly line: number;
  readonly does: "run" | "serve";
  readonly code: string;
  readonly shows: readonly RegExp[];
}

const BLOCK = /^```sh (?<does>run|serve)\n(?<code>[\s\S]*?)^```[ \t]*\n(?:\s*^```text\n(?<shown>[\s\S]*?)^```)?/gm;

export function shellBlocks(markdown: string): readonly ShellBlock[] {
  return [...markdown.matchAll(BLOCK)].map((match) => ({
    line: markdown.slice(0, match.index).split("\n").length + 1,
    does: match.groups?.["does"] === "serve" ? "serve" : "run",
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

const SETTING = /^(?<name>\w+)=(?<value>.*)$/gm;

/** Of a file such as `.dev.vars`. */
export function settingsIn(text: string): Readonly<Record<string, string>> {
  const found = Array.from(text.matchAll(SETTING), ({ groups }) => [groups?.["name"] ?? "", groups?.["value"] ?? ""]);
  return Object.fromEntries(found) as Record<string, string>;
}
