/** Who may import whom. The compiler proves the direction between the houses; these are the rooms inside them. */
import { dirname, join } from "node:path/posix";
import type { SourceFile } from "./source-file.ts";

/** Beside itself and shared/: what a room may import of its own house. Houses' top files belong to no room. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  "client/log": [],
  "client/calls": [],
  "client/producer": ["client/log", "client/page"],
  "client/consumer": ["client/calls", "client/group", "client/log"],
  "client/group": ["client/calls", "client/log", "client/sync"],
  "client/sync": ["client/calls", "client/log"],
  "client/worker": ["client/calls", "client/consumer", "client/group", "client/log", "client/sync"],
  "client/page": ["client/calls", "client/producer", "client/typed"],
  "client/typed": ["client/page"],
  "client/storage": ["client/calls", "client/log"],
  "edge/metrics": [],
  "edge/access": [],
  "edge/auth": ["edge/access"],
  "edge/quota": [],
  "edge/partition": ["edge/metrics", "edge/quota"],
  "edge/group": ["edge/partition"],
  "edge/rest-consumer": ["edge/auth", "edge/group"],
  "edge/intake": ["edge/partition"],
  "edge/ingest": ["edge/auth", "edge/intake", "edge/quota"],
  "edge/kafka-rest": ["edge/access", "edge/intake", "edge/operations", "edge/rest-consumer", "edge/routes"],
  "edge/controller": ["edge/access", "edge/auth", "edge/ingest", "edge/metrics", "edge/partition", "edge/quota"],
};

/** Rooms that keep to shared/ so strictly that the top files of their house are closed to them as well. */
const SECLUDED = new Set(["client/log"]);

/** Only entries and tests build the graph or touch the rim. */
const ENTRIES_ONLY = new Set([
  "client/index.ts",
  "client/http.ts",
  "client/in-browser.ts",
  "client/react.ts",
  "client/strandline.ts",
  "client/worker.ts",
  "client/worker/graph.ts",
  "client/web-ports.ts",
  "edge/worker.ts",
  "edge/app.ts",
]);

const HOUSES: Readonly<Record<string, readonly string[]>> = {
  shared: ["shared"],
  client: ["client", "shared"],
  edge: ["edge", "shared"],
  test: ["test", "shared", "client", "edge", "examples"],
  examples: ["examples", "client", "edge", "shared"],
};

const PACKAGES: Readonly<Record<string, RegExp>> = {
  shared: /^$/,
  client: /^(idb|comlink)$/,
  edge: /^(hono|hono\/.+|jose|zod|cloudflare:workers)$/,
  examples: /^(strandline|strandline\/http|strandline\/worker|jose|zod)$/,
};

export function importViolations(file: SourceFile): readonly string[] {
  return file.imports.flatMap((specifier) => {
    const why = specifier.startsWith(".")
      ? whyNotFile(file.path, join(dirname(file.path), specifier), specifier)
      : whyNotPackage(file.path, specifier);
    return why === null ? [] : [`${file.path} imports ${specifier}: ${why}`];
  });
}

function whyNotFile(from: string, to: string, specifier: string): string | null {
  if (!/\.(ts|json)$/.test(specifier)) return "a path names its file, with .ts";
  const allowedHouses = HOUSES[houseOf(from)];
  if (allowedHouses !== undefined && !allowedHouses.includes(houseOf(to))) return `${houseOf(from)}/ may not`;
  return houseOf(from) === houseOf(to) ? whyNotRoom(from, to) : null;
}

function whyNotRoom(from: string, to: string): string | null {
  const room = roomOf(from);
  const allowed = room === null ? undefined : ROOMS[room];
  if (room === null || allowed === undefined || roomOf(to) === room) return null;
  if (ENTRIES_ONLY.has(to)) return "only an entry may";
  const other = roomOf(to);
  if (other === null) return SECLUDED.has(room) ? `${room}/ imports nothing but shared/` : null;
  return allowed.includes(other) ? null : `${room}/ may not import ${other}/`;
}

function whyNotPackage(from: string, specifier: string): string | null {
  if (from === "client/react.ts" && specifier === "react") return null;
  const allowed = PACKAGES[houseOf(from)];
  if (allowed !== undefined && !allowed.test(specifier)) return `no package of ${houseOf(from)}/`;
  if (houseOf(from) !== "edge" || specifier !== "cloudflare:workers") return null;
  return from === "edge/worker.ts" || from.endsWith("-object.ts") ? null : "only *-object.ts and worker.ts may";
}

function houseOf(path: string): string {
  return path.split("/", 1)[0] ?? "";
}

/** `client/log` of `client/log/store.ts`; null for a file at the top of its house. */
function roomOf(path: string): string | null {
  const [house, room, file] = path.split("/");
  return file === undefined ? null : `${house}/${room}`;
}
