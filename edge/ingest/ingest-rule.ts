/** What the controller keeps of an ingest key. The secrets of webhooks go to the Worker that checks them, and no further. */
import type { IngestQuota, SignatureScheme, Webhook } from "../../shared/api/ingest-keys.ts";

export interface SignatureRule extends SignatureScheme {
  readonly secret: string;
}

export interface WebhookRule extends Webhook {
  readonly signature: SignatureRule | null;
}

export interface IngestTerms {
  readonly origins: readonly string[] | null;
  readonly quota: IngestQuota | null;
  readonly disabled: boolean;
  readonly webhook: WebhookRule | null;
}

export interface IngestRule extends IngestTerms {
  readonly id: string;
  /** The topic that it was made for: one made again under the name is another. */
  readonly topicId: string;
  readonly topic: string;
  readonly createdAt: number;
}

export const OPEN_TERMS: IngestTerms = { origins: null, quota: null, disabled: false, webhook: null };

/** Without its secret. */
export function shownWebhook(webhook: WebhookRule | null): Webhook | null {
  if (webhook === null || webhook.signature === null) return webhook;
  const { secret: _, ...signature } = webhook.signature;
  return { ...webhook, signature };
}

/** Exactly, as browsers write them: an origin that only begins or ends like one that is listed is another. */
export function isOriginOf({ origins }: Pick<IngestTerms, "origins">, origin: string | null): boolean {
  return origins === null || (origin !== null && origins.includes(origin));
}
