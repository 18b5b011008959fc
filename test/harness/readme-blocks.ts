/**
 * The TypeScript of a Markdown page. Every block fenced with `ts` or `tsx` must compile; one fenced with `ts run` must also
 * run, in a browser, without an error.
 */
export interface CodeBlock {
  /** Of its first line of code, from 1. */
  readonly line: number;
  readonly code: string;
  readonly extension: "ts" | "tsx";
  readonly isRunnable: boolean;
}

const FENCE = /^```(?<extension>tsx?)(?<info>[^\n]*)\n(?<code>[\s\S]*?)^```[ \t]*$/gm;

export function codeBlocks(markdown: string): readonly CodeBlock[] {
  return [...markdown.matchAll(FENCE)].map((match) => ({
    line: markdown.slice(0, match.index).split("\n").length + 1,
    code: match.groups?.["code"] ?? "",
    extension: match.groups?.["extension"] === "tsx" ? "tsx" : "ts",
    isRunnable: (match.groups?.["info"] ?? "").trim().split(/\s+/).includes("run"),
  }));
}
