/** What the Worker is given: its Durable Objects and its settings. Every setting is text, as wrangler has it. */
import { LIMITS } from "../shared/limits.ts";
import type { ControllerObject } from "./controller/controller-object.ts";
import type { GroupObject } from "./group/group-object.ts";
import type { PartitionObject } from "./partition/partition-object.ts";
import type { QuotaSettings } from "./quota/edge-quotas.ts";
import type { RestConsumerObject } from "./rest-consumer/rest-consumer-object.ts";

/** `STRANDLINE_QUOTA_PRODUCER_BYTE_RATE` and the like: quotas of everybody for whom the controller knows no other. */
export interface Env extends QuotaSettings {
  readonly CONTROLLER: DurableObjectNamespace<ControllerObject>;
  readonly PARTITION: DurableObjectNamespace<PartitionObject>;
  readonly GROUP: DurableObjectNamespace<GroupObject>;
  readonly REST_CONSUMER: DurableObjectNamespace<RestConsumerObject>;
  /**
   * How it is found out who is calling. `jwt`: by tokens, as the settings below say. `hook`: by the check that the Worker
   * was made with. `none` opens the doors to this machine and to STRANDLINE_ORIGINS. Anything else: 503.
   */
  readonly STRANDLINE_AUTH?: string;
  /**
   * The edge's own, at least 32 bytes: tickets for sockets, member ids and ingest keys are signed with keys that are made
   * of it. A secret. Where it is not set they are made of STRANDLINE_JWT_SECRET.
   */
  readonly STRANDLINE_SECRET?: string;
  /**
   * Origins whose pages may read answers, separated by commas; `*` for all of them, where a credential is asked for.
   * With `none` they are served besides localhost.
   */
  readonly STRANDLINE_ORIGINS?: string;
  /** Of tokens signed with HS256: at least 32 bytes, as UTF-8. A secret. This or STRANDLINE_JWKS_URL. */
  readonly STRANDLINE_JWT_SECRET?: string;
  /** Of the issuer's public keys, https (http for localhost alone): tokens signed with RS256, ES256 or EdDSA. */
  readonly STRANDLINE_JWKS_URL?: string;
  /** Fewer of those algorithms, separated by commas. */
  readonly STRANDLINE_JWT_ALGORITHMS?: string;
  /** The `iss` of tokens. Required. */
  readonly STRANDLINE_JWT_ISSUER?: string;
  /** The `aud` of tokens, or several of which one is enough, separated by commas. Required. */
  readonly STRANDLINE_JWT_AUDIENCE?: string;
  /** The claim that is held against STRANDLINE_JWT_AUDIENCE, where it is not `aud`: `azp`, of an issuer that has no `aud`. */
  readonly STRANDLINE_JWT_AUDIENCE_CLAIM?: string;
  /** The `typ` of tokens, `JWT` (the default) or `at+jwt` for instance; `none`: they have none. */
  readonly STRANDLINE_JWT_TYP?: string;
  /** The claim with the principal; `sub`. */
  readonly STRANDLINE_JWT_PRINCIPAL_CLAIM?: string;
  /** The claim with the namespace; `namespace`. Dots lead into objects: `app_metadata.tenant`. */
  readonly STRANDLINE_JWT_NAMESPACE_CLAIM?: string;
  /** The namespace of every token, instead, where there is one tenant. */
  readonly STRANDLINE_JWT_NAMESPACE?: string;
  /** The claim with the scopes, text with spaces or an array; `scope`. */
  readonly STRANDLINE_JWT_SCOPE_CLAIM?: string;
  /** Scopes of every principal, separated by spaces, for issuers that cannot add claims. */
  readonly STRANDLINE_DEFAULT_SCOPES?: string;
  /** `false`: topics are made by `POST /v1/topics` alone. */
  readonly STRANDLINE_AUTO_CREATE_TOPICS?: string;
  /** Partition count of topics that name none. */
  readonly STRANDLINE_DEFAULT_PARTITIONS?: string;
  /** Seconds after which a socket or an event stream is ended, cleanly: a Worker's time is counted for each of them. */
  readonly STRANDLINE_STREAM_SECONDS?: string;
  /** Seconds between two reports of one object or isolate to the metrics of its namespace. */
  readonly STRANDLINE_REPORT_SECONDS?: string;
  /** `error`, `warn`, `info` (the default) or `debug`: what `log.ts` writes at least. */
  readonly STRANDLINE_LOG_LEVEL?: string;
  /** Bytes of a partition's storage above which appends are refused with STORAGE_FULL; reads go on. */
  readonly STRANDLINE_STORAGE_BYTES_MAX?: string;
}

export interface Settings {
  readonly autoCreateTopics: boolean;
  readonly defaultPartitions: number;
  readonly storageBytesMax: number;
  readonly streamMs: number;
  readonly reportMs: number;
}

const DEFAULT_PARTITIONS = 6;

export function settingsOf(env: Env): Settings {
  const stated = Number(env.STRANDLINE_DEFAULT_PARTITIONS ?? DEFAULT_PARTITIONS);
  const storageBytes = Number(env.STRANDLINE_STORAGE_BYTES_MAX ?? LIMITS.storageBytesMax);
  return {
    storageBytesMax: storageBytes > 0 && storageBytes <= LIMITS.storageBytesMax ? storageBytes : LIMITS.storageBytesMax,
    streamMs: secondsOf(env.STRANDLINE_STREAM_SECONDS, STREAM_SECONDS) * 1_000,
    reportMs: secondsOf(env.STRANDLINE_REPORT_SECONDS, REPORT_SECONDS) * 1_000,
    autoCreateTopics: env.STRANDLINE_AUTO_CREATE_TOPICS !== "false",
    defaultPartitions:
      Number.isInteger(stated) && stated > 0 && stated <= LIMITS.partitionsPerTopicMax ? stated : DEFAULT_PARTITIONS,
  };
}

const STREAM_SECONDS = 300;
const REPORT_SECONDS = 10;

function secondsOf(stated: string | undefined, otherwise: number): number {
  const seconds = Number(stated ?? otherwise);
  return seconds > 0 && seconds <= 86_400 ? seconds : otherwise;
}
