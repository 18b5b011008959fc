/**
 * The text beside a committed offset: the caller's, or ours, which comes before it. A message whose chunks had not all come when it was committed begins
 * below the offset, and whoever goes on there has to read it from its first chunk.
 *
 *   metadata => "strandline readFrom=" offset
 *
 * Whatever else stands there is somebody else's text, and the offset counts alone.
 */
import type { Offset } from "../../shared/brands.ts";
import type { GroupPosition } from "./group-membership.ts";

const OURS = /^strandline readFrom=(\d{1,16})$/;

export function metadataOf({ offset, readFrom, metadata = "" }: GroupPosition): string {
  return readFrom === undefined || readFrom >= offset ? metadata : `strandline readFrom=${readFrom}`;
}

export function positionOf(committed: { readonly offset: number; readonly metadata: string }): GroupPosition {
  const offset = committed.offset as Offset;
  const readFrom = Number(OURS.exec(committed.metadata)?.[1] ?? offset) as Offset;
  return readFrom < offset ? { offset, readFrom } : { offset };
}
