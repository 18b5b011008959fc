/**
 * What a browser need not load of two tables of the source. Limits become the numbers that they are, so that neither those
 * of the edge nor the assertions about them are part of a page. Of the errors the sentences stay that the client or the code
 * it shares says itself: those of the edge come with their message.
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ERRORS } from "../../shared/error-table.ts";
import { LIMITS } from "../../shared/limits.ts";
import { ROOT } from "./paths.ts";

/** As much of a plugin as this needs, of Rolldown and of esbuild's transformations alike. */
interface InliningPlugin {
  readonly name: string;
  readonly resolveId: (id: string, importer: string | undefined) => string | null;
  readonly load: (id: string) => string | null;
  readonly transform: (code: string) => { readonly code: string; readonly map: null } | null;
}

const COMPACT_ERRORS = "\0compact-errors";

export function inlinedTables(): InliningPlugin {
  return {
    name: "inlined-tables",
    // Not for the entries, which export the table whole: bundlers drop it where nobody wants it.
    resolveId: (id, importer) =>
      id.endsWith("/error-table.ts") && /\/(shared|client\/sync)\/[\w-]+\.ts$/.test(importer ?? "")
        ? COMPACT_ERRORS
        : null,
    load: (id) => (id === COMPACT_ERRORS ? compactErrors() : null),
    transform: (code) => (code.includes("LIMITS.") ? { code: withNumbers(code), map: null } : null),
  };
}

/** As long as the source, so the map stays true. */
function withNumbers(code: string): string {
  return code.replaceAll(/\bLIMITS\.(\w+)/g, (whole, name: string) => {
    const limit = (LIMITS as Readonly<Record<string, number>>)[name];
    return limit === undefined ? whole : String(limit).padEnd(whole.length);
  });
}

function compactErrors(): string {
  const said = codesSaid();
  const rows = Object.entries(ERRORS).map(([code, { errno, retriable, sentence }]) =>
    [code, errno, retriable ? 1 : "", ...(said.has(code) ? [sentence] : [])].join("|"),
  );
  return `
    export const ERRORS = /* @__PURE__ */ Object.fromEntries(${JSON.stringify(rows.join("\n"))}.split("\\n").map((row) => {
      const [code, errno, retriable, sentence = code] = row.split("|");
      return [code, { errno: +errno, retriable: retriable !== "", sentence }];
    }));
    export const isErrorCode = (code) => typeof code === "string" && Object.hasOwn(ERRORS, code);`;
}

function codesSaid(): ReadonlySet<string> {
  const files = globSync(["client/**/*.ts", "shared/*.ts"], { cwd: ROOT }).filter(
    (file) => !file.endsWith("/error-table.ts"),
  );
  const text = files.map((file) => readFileSync(join(ROOT, file), "utf8")).join("\n");
  return new Set(Array.from(text.matchAll(/"([A-Z_]{3,})"/g), ([, code]) => code ?? ""));
}
