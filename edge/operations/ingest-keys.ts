/** Ingest keys made, listed, changed and deleted. Whoever may not alter a topic learns nothing of its keys. */
import type {
  AlterIngestKeyRequest,
  CreateIngestKeyRequest,
  DeleteIngestKeyAnswer,
  IngestKey,
  ListIngestKeysAnswer,
} from "../../shared/api/ingest-keys.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { demandPermission, isPermitted } from "../access/access.ts";
import { OPEN_TERMS, shownWebhook, type IngestRule, type IngestTerms } from "../ingest/ingest-rule.ts";
import { webhookRule } from "../ingest/webhook-rule.ts";
import { take, type Outcome } from "../outcome.ts";
import type { EdgePorts } from "./ports.ts";

/** The keys of the caller's namespace, as its controller has them. */
export interface IngestKeyPort {
  create(topic: string, terms: IngestTerms): Promise<Outcome<IngestRule>>;
  find(id: string): Promise<IngestRule | null>;
  all(): Promise<IngestRule[]>;
  alter(id: string, changes: Partial<IngestTerms>): Promise<Outcome<IngestRule>>;
  remove(id: string): Promise<void>;
  /** As it stands in the path. */
  text(id: string): Promise<string>;
}

/** Throws `TOPIC_AUTHORIZATION_FAILED`, `UNKNOWN_TOPIC_OR_PARTITION`, `INVALID_REQUEST`. */
export async function createIngestKey(ports: EdgePorts, asked: CreateIngestKeyRequest): Promise<IngestKey> {
  const { topic, ...terms } = asked;
  demandPermission(ports.access, "ingestKeys", topic);
  const created = await ports.ingestKeys.create(topic, { ...OPEN_TERMS, ...termsOf(terms) });
  return await shown(ports, take(created));
}

/** `topic` null: of all. Those that the caller may not alter are left out. */
export async function listIngestKeys(ports: EdgePorts, topic: string | null): Promise<ListIngestKeysAnswer> {
  const rules = await ports.ingestKeys.all();
  const own = rules.filter((rule) => (topic === null || rule.topic === topic) && mayAlter(ports, rule.topic));
  return { keys: await Promise.all(own.map(async (rule) => await shown(ports, rule))) };
}

/** Throws `NOT_FOUND`, `INVALID_REQUEST`. */
export async function alterIngestKey(ports: EdgePorts, id: string, asked: AlterIngestKeyRequest): Promise<IngestKey> {
  await demandKey(ports, id);
  return await shown(ports, take(await ports.ingestKeys.alter(id, termsOf(asked))));
}

/** Throws `NOT_FOUND`. */
export async function deleteIngestKey(ports: EdgePorts, id: string): Promise<DeleteIngestKeyAnswer> {
  await demandKey(ports, id);
  await ports.ingestKeys.remove(id);
  return { id };
}

async function demandKey(ports: EdgePorts, id: string): Promise<void> {
  const rule = await ports.ingestKeys.find(id);
  if (rule === null || !mayAlter(ports, rule.topic))
    throw new StrandlineError("NOT_FOUND", `no ingest key ${JSON.stringify(id.slice(0, 64))}`);
}

function mayAlter({ access }: EdgePorts, topic: string): boolean {
  return isPermitted(access, "ingestKeys", topic);
}

function termsOf({ webhook, ...asked }: AlterIngestKeyRequest): Partial<IngestTerms> {
  if (webhook === undefined) return asked;
  return { ...asked, webhook: webhook === null ? null : webhookRule(webhook) };
}

async function shown(ports: EdgePorts, rule: IngestRule): Promise<IngestKey> {
  const { id, topicId, topic, origins, quota, disabled, webhook, createdAt } = rule;
  const key = await ports.ingestKeys.text(id);
  return { id, key, topic, topicId, origins, quota, disabled, webhook: shownWebhook(webhook), createdAt };
}
