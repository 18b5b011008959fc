/**
 * `POST /v1/revocations` ends credentials before their time, `GET` lists what is ended, `DELETE /v1/revocations/{id}`
 * takes it back. It acts at once where it was asked for, elsewhere within 30 seconds, on open sockets too.
 */

/** Either a principal or a credential. */
export interface RevokeRequest {
  /** `User:ann`, or `User:*` for everybody: all that was issued to it before `before`. */
  readonly principal?: string | undefined;
  /** A token's `jti`. */
  readonly credentialId?: string | undefined;
  /** Of a principal alone: ms since 1970; absent: now. What states no time of issue is ended too. */
  readonly before?: number | undefined;
  /** Ms since 1970 from which nothing that it ends can still be valid, so that it may be forgotten; absent: never. */
  readonly until?: number | undefined;
}

export interface Revocation {
  readonly id: string;
  readonly principal: string | null;
  readonly credentialId: string | null;
  /** Null: of a credential. */
  readonly before: number | null;
  readonly until: number | null;
}

export interface ListRevocationsAnswer {
  readonly revocations: readonly Revocation[];
}
