/** Namespaces, principals and ids of credentials, wherever they come from. */

const NAMESPACE_CHARS_MAX = 128;
const PRINCIPAL_CHARS_MAX = 255;
const CONTROL = /\p{Cc}/u;

export function isNamespace(value: unknown): value is string {
  return isName(value, NAMESPACE_CHARS_MAX);
}

export function isPrincipal(value: unknown): value is string {
  return isName(value, PRINCIPAL_CHARS_MAX);
}

export function isCredentialId(value: unknown): value is string {
  return isName(value, PRINCIPAL_CHARS_MAX);
}

/** Half a surrogate pair has no UTF-8: all halves would be written as one character, and two names would be one. */
function isName(value: unknown, charsMax: number): boolean {
  return (
    typeof value === "string" &&
    value !== "" &&
    value.length <= charsMax &&
    value.isWellFormed() &&
    !CONTROL.test(value)
  );
}
