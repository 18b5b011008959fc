/** What the demo found, as one object and as a table. */
export interface DemoReport {
  readonly appended: number;
  readonly ackedOnDevice: number;
  readonly onEdge: number;
  readonly consumed: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly outOfOrder: number;
  readonly kills: number;
  readonly onEdgeAtKill: number;
  readonly unansweredAtKill: number;
  readonly resentAfterKill: number;
  readonly bytes: number;
  readonly rowsWritten: number;
  readonly runs: number;
  readonly appendPerSecond: number;
  readonly syncPerSecond: number;
  readonly readPerSecond: number;
}

/** The sentences that say what went wrong; none where the promises held and the kill was in the middle. */
export function failures(report: DemoReport): string[] {
  const wrong: string[] = [];
  if (report.lost > 0) wrong.push(`${report.lost} records were lost`);
  if (report.duplicated > 0) wrong.push(`${report.duplicated} records were doubled`);
  if (report.outOfOrder > 0) wrong.push(`${report.outOfOrder} records are out of order`);
  if (report.ackedOnDevice !== report.appended) wrong.push("not every record was acked on the device");
  if (report.onEdge !== report.appended || report.consumed !== report.appended)
    wrong.push("edge or reader hold another number of records");
  const inTheMiddle = report.onEdgeAtKill > 0 && report.onEdgeAtKill < report.appended;
  if (!inTheMiddle)
    wrong.push(`the kill missed the middle: ${report.onEdgeAtKill} of ${report.appended} were on the edge`);
  if (report.unansweredAtKill === 0) wrong.push("no request was unanswered at the kill");
  return wrong;
}

export function table(report: DemoReport): string {
  const rows: readonly (readonly [string, string])[] = [
    ["appended", count(report.appended)],
    ["acked on the device", count(report.ackedOnDevice)],
    ["on the edge", count(report.onEdge)],
    ["consumed", count(report.consumed)],
    ["lost", count(report.lost)],
    ["duplicated", count(report.duplicated)],
    ["out of order per key", count(report.outOfOrder)],
    ["kills (browser, broker)", count(report.kills)],
    ["on the edge at the kill", count(report.onEdgeAtKill)],
    ["requests unanswered at the kill", count(report.unansweredAtKill)],
    ["sent again after the kill", count(report.resentAfterKill)],
    ["bytes in the log", count(report.bytes)],
    ["rows written, for runs", `${count(report.rowsWritten)}, ${count(report.runs)}`],
    ["append, records/s", count(report.appendPerSecond)],
    ["sync, records/s", count(report.syncPerSecond)],
    ["read, records/s", count(report.readPerSecond)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const figures = Math.max(...rows.map(([, figure]) => figure.length));
  return rows.map(([name, figure]) => `  ${name.padEnd(width)}  ${figure.padStart(figures)}`).join("\n");
}

function count(figure: number): string {
  return Math.round(figure).toLocaleString("en-US");
}
