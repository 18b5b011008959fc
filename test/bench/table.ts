import type { Figure } from "./figure.ts";

/** One line a figure, the note and the peers below it. */
export function tableOf(suite: string, figures: readonly Figure[]): string {
  const rows = figures.map((one) => [
    one.name,
    `${short(one.ours)} ${one.unit}`,
    one.raw === null ? "" : short(one.raw),
    one.ratioToRaw === null ? "" : one.ratioToRaw.toFixed(2),
    one.target,
    one.met ? "met" : "MISSED",
  ]);
  const head = [suite, "ours", "raw", "ratio", "target", ""];
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const lines = rows.flatMap((row, index) => [line(row), ...detailsOf(figures[index])]);
  return [line(head), widths.map((width) => "-".repeat(width)).join("  "), ...lines, ""].join("\n");
}

function detailsOf(figure: Figure | undefined): string[] {
  if (figure === undefined) return [];
  const peers = Object.entries(figure.peers).map(([name, value]) => `${name} ${short(value)}`);
  return [`    ${[figure.note, ...peers].join("; ")}`];
}

function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
