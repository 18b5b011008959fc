/** Which of the worker's events a developer finds in the console without asking for them. */
import { expect, test } from "vitest";
import type { WorkerEvent } from "../../../client/calls/worker-event.ts";
import { logLevel, type LogEntry } from "../../../client/index.ts";
import { StrandlineClient } from "../../../client/strandline.ts";

function logged(event: WorkerEvent): string[] {
  const entries: LogEntry[] = [];
  let tell: (event: WorkerEvent) => void = () => {};
  const client = new StrandlineClient({ logCreator: () => (entry) => void entries.push(entry) }, ({ onEvent }) => {
    tell = onEvent;
    return {
      call: () => Promise.reject(new Error("no worker here")),
      append: () => Promise.reject(new Error("no worker here")),
      hint: () => {},
      park: () => {},
      close: async () => {},
    };
  });
  expect(client.deadLetters).toBeDefined();
  tell(event);
  expect(entries.every(({ level }) => level === logLevel.WARN)).toBe(true);
  return entries.map(({ log }) => log.message);
}

const ERROR = { errno: 0, retriable: false, message: "said" } as const;
const STATE = { type: "sync.state", online: false, paused: false, leader: true } as const;
const DEAD = { type: "record.dead", topic: "t", partition: 0, localSequence: 0, count: 1 } as const;

test("records that were refused or lost are warned of", () => {
  expect(logged({ ...DEAD, error: { ...ERROR, code: "MESSAGE_TOO_LARGE" } })).toEqual(["record.dead"]);
  expect(logged({ type: "storage.memory", reason: "none" })).toEqual(["storage.memory"]);
  expect(logged({ type: "storage.lost", deviceId: "d", unsyncedRecords: 1, since: 0 })).toEqual(["storage.lost"]);
});

test("an edge that answers with an error is warned of; to be offline is nothing", () => {
  const refused = { ...ERROR, code: "UNKNOWN_SERVER_ERROR", at: 1 } as const;
  expect(logged({ ...STATE, online: true, lastError: refused })).toEqual(["sync.state"]);
  expect(logged({ ...STATE, lastError: { ...ERROR, code: "NETWORK_EXCEPTION", at: 1 } })).toEqual([]);
  expect(logged({ ...STATE, online: true, lastError: null })).toEqual([]);
  expect(logged({ type: "records.settled", topic: "t", partition: 0 })).toEqual([]);
});
