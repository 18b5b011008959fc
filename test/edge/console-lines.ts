/** What the edge writes to its log while a test runs, each line held against what a line may be. */
import { expect, vi } from "vitest";

const LEVELS = ["error", "warn", "info", "debug"] as const;
/** As edge/log.ts has them, in this order. */
const FIELDS = [
  ...["level", "event", "code", "method", "route", "status", "ms", "namespace", "topic", "topicId", "partition"],
  ...["leaderEpoch", "bytes", "rows", "count", "error", "reason", "stack"],
];
/** What would end a line, move a cursor or turn the direction of writing. */
// oxlint-disable-next-line no-control-regex -- these are what must not be there
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

export class ConsoleLines {
  readonly lines: string[] = [];

  constructor() {
    for (const method of [...LEVELS, "log", "trace"] as const)
      vi.spyOn(console, method).mockImplementation((...said: unknown[]) => {
        expect(said).toEqual([expect.any(String)]);
        this.lines.push(String(said[0]));
      });
  }

  /** Each is one JSON object of the fields that may be told, and of the edge's own making. */
  check(): void {
    for (const line of this.lines) {
      expect(line).not.toMatch(UNSAFE);
      const held = JSON.parse(line) as Record<string, unknown>;
      expect(FIELDS).toEqual(expect.arrayContaining(Object.keys(held)));
      expect(LEVELS).toContain(held["level"]);
      expect(held["event"]).not.toBe("forged");
    }
  }
}
