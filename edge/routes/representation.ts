/** Which of its representations an answer has, by `Accept` (RFC 9110, 12.5.1). */
import { ENVELOPE_MEDIA_TYPE, EVENT_STREAM_MEDIA_TYPE, JSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";

export type Representation = "json" | "envelope" | "event-stream";

/** In the order of our preference. */
const OFFERED: readonly (readonly [Representation, mediaType: string])[] = [
  ["json", JSON_MEDIA_TYPE],
  ["envelope", ENVELOPE_MEDIA_TYPE],
  ["event-stream", EVENT_STREAM_MEDIA_TYPE],
];

interface Range {
  readonly mediaType: string;
  readonly quality: number;
}

interface Match {
  readonly representation: Representation;
  readonly quality: number;
  /** 2: named, 1: its type is, 0: anything is taken. */
  readonly precision: number;
  /** Place in the header. */
  readonly position: number;
}

/** Null: none is acceptable. Of equal quality the more precisely named goes first, then the one that is named first. */
export function representationOf(accept: string | null): Representation | null {
  if (accept === null || accept.trim() === "") return "json";
  const ranges = accept.split(",").map(rangeOf);
  const matches = OFFERED.map(([representation, mediaType]) => ({ representation, ...matchOf(mediaType, ranges) }));
  const acceptable = matches.filter(({ quality }) => quality > 0);
  return acceptable.toSorted(byPreference)[0]?.representation ?? null;
}

function byPreference(a: Match, b: Match): number {
  return b.quality - a.quality || b.precision - a.precision || a.position - b.position;
}

/** The most precise range that holds it says its quality. */
function matchOf(mediaType: string, ranges: readonly Range[]): Omit<Match, "representation"> {
  const [type = ""] = mediaType.split("/");
  const names = ["*/*", `${type}/*`, mediaType];
  const best = ranges
    .map((range, position) => ({ quality: range.quality, precision: names.indexOf(range.mediaType), position }))
    .filter(({ precision }) => precision >= 0)
    .toSorted((a, b) => b.precision - a.precision)[0];
  return best ?? { quality: 0, precision: 0, position: 0 };
}

/** Parameters other than `q` are passed over: no representation has any. A `q` that is none counts as 0. */
function rangeOf(text: string): Range {
  const [mediaType = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const stated = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
  const quality = stated === undefined ? 1 : /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(stated) ? Number(stated) : 0;
  return { mediaType, quality };
}
