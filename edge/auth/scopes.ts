/**
 * Scopes of a credential: `admin`, `topic:NAME:OPERATION`, `group:NAME:OPERATION`, `cluster:OPERATION`. A name that ends
 * in `*` is a prefix, `*` alone is every name. Whatever else stands among them (`openid`, a misspelt operation) grants
 * nothing: it is another service's, or a mistake that must not open a door.
 */
import type { AclOperation } from "../../shared/api/acls.ts";
import { CLUSTER, type Grant } from "../access/acl.ts";
import type { Caller } from "./caller.ts";

const OPERATIONS: ReadonlyMap<string, AclOperation> = new Map([
  ["read", "READ"],
  ["write", "WRITE"],
  ["create", "CREATE"],
  ["delete", "DELETE"],
  ["alter", "ALTER"],
  ["describe", "DESCRIBE"],
  ["describe_configs", "DESCRIBE_CONFIGS"],
  ["alter_configs", "ALTER_CONFIGS"],
  ["all", "ALL"],
]);

const NAMED = /^(?<type>topic|group):(?<name>[^*]+|[^*]*\*):(?<operation>[a-z_]+)$/;
const OF_CLUSTER = /^cluster:(?<operation>[a-z_]+)$/;

export function grantsOf(scopes: readonly string[]): Caller["grants"] {
  if (scopes.includes("admin")) return "all";
  return scopes.flatMap((scope) => grantOf(scope) ?? []);
}

/** As OAuth writes them: separated by spaces, and lines of settings. Other blanks of Unicode part nothing from `admin`. */
export function scopesIn(text: string): string[] {
  return text.split(/[ \t\r\n]+/).filter((scope) => scope !== "");
}

function grantOf(scope: string): Grant | null {
  const groups = (NAMED.exec(scope) ?? OF_CLUSTER.exec(scope))?.groups;
  const operation = OPERATIONS.get(groups?.["operation"] ?? "");
  if (groups === undefined || operation === undefined) return null;
  const { type, name } = groups;
  if (name === undefined) return { ...CLUSTER, patternType: "LITERAL", operation };
  const resourceType = type === "topic" ? "TOPIC" : "GROUP";
  const isPrefix = name.endsWith("*") && name !== "*";
  return {
    resourceType,
    resourceName: isPrefix ? name.slice(0, -1) : name,
    patternType: isPrefix ? "PREFIXED" : "LITERAL",
    operation,
  };
}
