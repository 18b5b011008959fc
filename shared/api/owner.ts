/**
 * `Strandline-Owner: <namespace>/<principal>`, each percent-encoded: whose device this is. An edge that takes the caller
 * for somebody else answers `PRINCIPAL_CHANGED` and does nothing, so that what one principal left on a device is never
 * sent, shown or asked for under the token of another.
 */
export const OWNER_HEADER = "strandline-owner";

export interface Owner {
  readonly namespace: string;
  readonly principal: string;
}

/** Throws `URIError` where a name is no text (half of a surrogate pair). */
export function ownerText({ namespace, principal }: Owner): string {
  return `${encodeURIComponent(namespace)}/${encodeURIComponent(principal)}`;
}
