/** Rules on single files. Each returns sentences that name the file and what is wrong with it. */
import type { SourceFile } from "./source-file.ts";

const FILE_LINES_MAX = 300;
const HOUSE = /^(shared|client|edge|test|examples)\//;
const PRODUCT = /^(shared|client|edge)\//;

/** The files that turn the real clock, chance and timers into ports; and the page's deadline of a call. */
const RIM = new Set(["client/web-ports.ts", "edge/system-ports.ts", "client/page/outstanding.ts"]);
const NONDETERMINISM =
  /\b(Date\.now|Math\.random|performance\.now|crypto\.(?:randomUUID|getRandomValues)|setTimeout|setInterval)\(|\bnew Date\(\)/g;

// Spelled in two halves, so that this file passes its own rules.
const UNFINISHED = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"].join("|")})\\b`, "g");
const MACHINE_PATHS = new RegExp(`(^|[\\s"'\`(=:])(/${"work"}/|/${"root"}/|/${"home"}/|file:///)`, "gm");

export function fileLength({ path, text }: SourceFile): readonly string[] {
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  const isCode = HOUSE.test(path) && path.endsWith(".ts");
  return isCode && lines > FILE_LINES_MAX ? [`${path}: ${lines} lines, ${FILE_LINES_MAX} are the most`] : [];
}

export function unfinishedWords({ path, text }: SourceFile): readonly string[] {
  return found(path, text, UNFINISHED);
}

export function machinePaths({ path, text }: SourceFile): readonly string[] {
  return found(path, text, MACHINE_PATHS);
}

export function nondeterminism({ path, code }: SourceFile): readonly string[] {
  return PRODUCT.test(path) && path.endsWith(".ts") && !RIM.has(path) ? found(path, code, NONDETERMINISM) : [];
}

/** What Node 20 does not have, of what the compiler's library has. */
const NEWER_THAN_NODE_20 = /\b(Promise\.withResolvers|Promise\.try|(?:Map|Object)\.groupBy|Array\.fromAsync)\b/g;

export function runsOnNode20({ path, code }: SourceFile): readonly string[] {
  return /^(shared|client)\//.test(path) && path.endsWith(".ts") ? found(path, code, NEWER_THAN_NODE_20) : [];
}

export function anyType({ path, code }: SourceFile): readonly string[] {
  return path.endsWith(".ts") ? found(path, code, /(?:[:<|&,]|\bas)\s*any\b(?!\s*[:(.?])/g) : [];
}

export function enums({ path, code }: SourceFile): readonly string[] {
  return path.endsWith(".ts") ? found(path, code, /\benum\s+[A-Z]\w*\s*\{/g) : [];
}

export function defaultExports({ path, code }: SourceFile): readonly string[] {
  const isAllowed =
    path === "edge/worker.ts" ||
    /^(test\/edge|test\/system|examples\/[^/]+)\/[^/]+-worker\.ts$/.test(path) ||
    path.endsWith(".config.ts");
  return path.endsWith(".ts") && !isAllowed ? found(path, code, /^\s*export default\b/gm) : [];
}

/** A barrel does nothing but hand on what others export. */
export function barrels({ path, code }: SourceFile): readonly string[] {
  if (!path.endsWith(".ts") || path === "client/index.ts") return [];
  if (/^\s*export\s+(type\s+)?\*/m.test(code)) return [`${path}: export * hides what it exports`];
  const rest = code.replaceAll(/\bexport\s+(type\s+)?\{[^}]*\}\s*from\s*["']\s*["'];?/g, "");
  return rest.trim() === "" && code.trim() !== "" ? [`${path}: a barrel`] : [];
}

export function names({ path }: SourceFile): readonly string[] {
  if (!HOUSE.test(path) || !path.endsWith(".ts")) return [];
  const odd = path.split("/").filter((part) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|d|config))*(\.ts)?$/.test(part));
  return odd.map((part) => `${path}: ${part} is not kebab-case`);
}

function found(path: string, text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map((match) => {
    const line = text.slice(0, match.index).split("\n").length;
    return `${path}:${line}: ${match[0].trim()}`;
  });
}
