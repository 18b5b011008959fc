import "./synchronous-hash.ts";
import { expect, test } from "vitest";
import { ENDINGS, EndedClients } from "./ended-clients.ts";

/** More for a night: `STRANDLINE_SEEDS=2000`. */
const SEEDS = Number(process.env["STRANDLINE_SEEDS"] ?? 40);
const FIRST = Number(process.env["STRANDLINE_FIRST_SEED"] ?? 1);

test(`a client that is ended at any moment leaves nothing open, running or lost: ${SEEDS} seeds`, async () => {
  const happened = new Map<string, number>();
  for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
    const clients = new EndedClients(seed);
    expect(await clients.run(), `seed ${seed}, ${clients.ending}`).toEqual([]);
    for (const [name, count] of clients.happened) happened.set(name, (happened.get(name) ?? 0) + count);
  }
  for (const name of [...ENDINGS, "send 1", "send -1", "send 0", "synced", "flush", "consume", "complete", "retry"])
    expect(happened.get(name) ?? 0, name).toBeGreaterThan(0);
}, 600_000);
