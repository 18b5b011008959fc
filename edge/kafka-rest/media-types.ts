/** Content types of Kafka's REST proxies, and which embedded format they say keys and values have. */
import { JSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { mediaTypeOf } from "../intake/request-records.ts";

export const REST_MEDIA_TYPE = "application/vnd.kafka.v2+json";
export const REST_JSON_MEDIA_TYPE = "application/vnd.kafka.json.v2+json";
export const REST_BINARY_MEDIA_TYPE = "application/vnd.kafka.binary.v2+json";

/** Keys and values are JSON, or Base64 in JSON. */
export type EmbeddedFormat = "json" | "binary";

/** Where no format is embedded it is binary, as the originals have it; plain JSON is taken for what it says. */
const FORMATS: ReadonlyMap<string, EmbeddedFormat> = new Map([
  [REST_JSON_MEDIA_TYPE, "json"],
  [REST_BINARY_MEDIA_TYPE, "binary"],
  [JSON_MEDIA_TYPE, "json"],
  [REST_MEDIA_TYPE, "binary"],
  ["application/vnd.kafka+json", "binary"],
]);

/** Throws `UNSUPPORTED_MEDIA_TYPE` with those that are supported. */
export function producedFormat(headers: Headers): EmbeddedFormat {
  const mediaType = mediaTypeOf(headers);
  const format = FORMATS.get(mediaType);
  if (format !== undefined) return format;
  throw notTaken(mediaType, [REST_JSON_MEDIA_TYPE, REST_BINARY_MEDIA_TYPE, JSON_MEDIA_TYPE]);
}

/** Throws `UNSUPPORTED_MEDIA_TYPE`. */
export function demandJson(headers: Headers): void {
  const mediaType = mediaTypeOf(headers);
  if (mediaType !== JSON_MEDIA_TYPE) throw notTaken(mediaType, [JSON_MEDIA_TYPE]);
}

/** What embeds no format, where a consumer has one. */
const PLAIN: ReadonlySet<string> = new Set([JSON_MEDIA_TYPE, REST_MEDIA_TYPE, "application/vnd.kafka+json"]);

/** Throws `UNSUPPORTED_MEDIA_TYPE`. Of bodies in which no format is embedded, whatever their type says. */
export function demandRestJson(headers: Headers): void {
  const mediaType = mediaTypeOf(headers);
  if (!FORMATS.has(mediaType)) throw notTaken(mediaType, [REST_MEDIA_TYPE, JSON_MEDIA_TYPE]);
}

/**
 * The first that is named and known; whatever is taken is answered in Base64, which every record fits, or in the format
 * of the consumer.
 */
export function acceptedFormat(accept: string | null, own?: EmbeddedFormat): EmbeddedFormat {
  const named = (accept ?? "*/*").split(",").map((range) => range.split(";", 1)[0]?.trim().toLowerCase() ?? "");
  for (const one of named) {
    const isAny = one === "*/*" || one === "application/*" || (own !== undefined && PLAIN.has(one));
    const format = isAny ? (own ?? "binary") : FORMATS.get(one);
    if (format !== undefined) return format;
  }
  throw new StrandlineError("NOT_ACCEPTABLE", (accept ?? "").slice(0, 200));
}

function notTaken(mediaType: string, supported: readonly string[]): StrandlineError {
  const shown = mediaType.slice(0, 100);
  const list = supported.join(", ");
  return new StrandlineError("UNSUPPORTED_MEDIA_TYPE", `${JSON.stringify(shown)}; supported are ${list}`, {
    mediaType: shown,
    supported: list,
  });
}
