import { readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { ROOT } from "../harness/paths.ts";
import { blankOut } from "./blank-out.ts";

export interface SourceFile {
  /** Relative to the project, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly code: string;
  /** The modules that it names: imports, re-exports, dynamic imports. */
  readonly imports: readonly string[];
}

const FOLDERS = ["shared", "client", "edge", "test", "examples", "docs"];
/** The public types, as they are built. */
const BUILT = /^docs\/api\//;
const TEXT = /\.(ts|js|json|jsonc|md|toml|html|css|capnp)$/;
/** In code whose strings are blank; what stood in them is read at the same place. */
const SPECIFIER = /(?<![.\w])(?:from|import\s*\(?)\s*(?<quoted>(["']) *\2)/dg;

export function sourceFile(path: string, text: string): SourceFile {
  const { code, withStrings } = blankOut(text);
  const places = path.endsWith(".ts")
    ? [...code.matchAll(SPECIFIER)].map((match) => match.indices?.groups?.["quoted"])
    : [];
  const imports = places.flatMap((place) =>
    place === undefined ? [] : [withStrings.slice(place[0] + 1, place[1] - 1)],
  );
  return { path, text, code, imports };
}

/** Every text file that is the project's own, dependencies and build products left out. */
export function projectFiles(): readonly SourceFile[] {
  const top = readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isFile() && TEXT.test(entry.name) && entry.name !== "package-lock.json")
    .map((entry) => entry.name);
  const below = FOLDERS.flatMap((folder) => filesBelow(folder));
  return [...top, ...below].map((path) => sourceFile(path, readFileSync(join(ROOT, path), "utf8")));
}

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((path) => TEXT.test(path) && !path.includes("node_modules") && !BUILT.test(`${folder}/${path}`))
      .map((path) => `${folder}/${path.split(sep).join("/")}`)
      .toSorted();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
