/** Who is calling, as its credential proves it. Nothing of it comes from anywhere else in a request. */
import type { Grant } from "../access/acl.ts";

export interface Caller {
  readonly namespace: string;
  readonly principal: string;
  /** What the credential itself allows. `all`: everything, as Kafka's super users may; ACLs do not bind it. */
  readonly grants: "all" | readonly Grant[];
  /** Edge time from which nothing more is done for it; null: the doors are open. */
  readonly expiresAtMs: number | null;
  /** By which it can be revoked alone (`jti`); null: it has none. */
  readonly credentialId: string | null;
  /** When the credential was issued: revoking a principal revokes what was issued before. */
  readonly issuedAtMs: number | null;
}

/** Where the doors are open. */
export const ANYBODY: Caller = {
  namespace: "default",
  principal: "anonymous",
  grants: "all",
  expiresAtMs: null,
  credentialId: null,
  issuedAtMs: null,
};
