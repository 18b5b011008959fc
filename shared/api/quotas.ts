/**
 * `GET /v1/quotas` and `PUT /v1/quotas`: how much each principal may, in the words of Kafka's client quotas.
 * What an entity does not say, `<default>` says, then the edge's own settings; what nobody says has no limit.
 */
export const QUOTA_NAMES = [
  /** Bytes a second that may be appended. */
  "producer_byte_rate",
  /** Bytes a second that may be read, live tails included. */
  "consumer_byte_rate",
  /** Requests a second; opening a tail is one. */
  "request_rate",
  /** Topics that the principal has created and that are still there. */
  "topics_max",
  /** Partitions of those topics. */
  "partitions_max",
  /** Sockets, event streams and streams of records that are open at once. */
  "connections_max",
] as const;

export type QuotaName = (typeof QUOTA_NAMES)[number];

/** Rates are above 0, counts 0 or more. */
export type Quotas = Readonly<Partial<Record<QuotaName, number>>>;

/** Everybody for whom nothing else is said. */
export const DEFAULT_ENTITY = "<default>";

export interface EntityQuotas {
  /** `User:` and a principal, or `<default>`. */
  readonly entity: string;
  readonly quotas: Quotas;
}

/** By entity. Needs `DESCRIBE_CONFIGS` on the cluster. */
export interface DescribeQuotasAnswer {
  readonly entities: readonly EntityQuotas[];
}

/** Null removes one; what is not named stays. All of it or nothing. Needs `ALTER_CONFIGS` on the cluster. */
export interface AlterQuotasRequest {
  readonly entity: string;
  readonly quotas: Readonly<Partial<Record<QuotaName, number | null>>>;
}

/** As they are now. */
export type AlterQuotasAnswer = EntityQuotas;
