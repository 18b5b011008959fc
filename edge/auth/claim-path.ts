/**
 * Where in a token's payload a claim is. Dots lead into objects (`app_metadata.tenant`); a name with a slash or a colon
 * is a URI, and as a whole the name of one claim. Only what a payload has of its own is found.
 */
export type ClaimPath = readonly string[];

export function claimPath(name: string): ClaimPath {
  return /[/:]/.test(name) ? [name] : name.split(".");
}

/** Undefined: it is not there. */
export function claimAt(payload: unknown, path: ClaimPath): unknown {
  let value = payload;
  for (const name of path) {
    if (typeof value !== "object" || value === null || Array.isArray(value) || !Object.hasOwn(value, name))
      return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}
