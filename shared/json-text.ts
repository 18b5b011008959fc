/** JSON that came from outside, before anything walks it: readers and writers of JSON recurse, and so does who checks it. */
import { LIMITS } from "./limits.ts";

/** Whether lists and objects nest deeper than any that is part of the protocol. Text that is no JSON may be either. */
export function isTooDeep(text: string): boolean {
  // What has no more brackets than that needs no look at how they stand, and most requests are so.
  if (isFew(text, "{", "[")) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at + 1);
        break;
      case LIST:
      case OBJECT:
        depth += 1;
        if (depth > LIMITS.jsonDepthMax) return true;
        break;
      case LIST_END:
      case OBJECT_END:
        depth -= 1;
    }
  }
  return false;
}

const [QUOTE, BACKSLASH, LIST, LIST_END, OBJECT, OBJECT_END] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];

function isFew(text: string, ...brackets: readonly string[]): boolean {
  let found = 0;
  for (const bracket of brackets) {
    for (let at = text.indexOf(bracket); at >= 0 && found <= LIMITS.jsonDepthMax; at = text.indexOf(bracket, at + 1))
      found += 1;
  }
  return found <= LIMITS.jsonDepthMax;
}

/** Where its closing quote is. */
function endOfString(text: string, start: number): number {
  for (let at = start; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) return at;
    if (char === BACKSLASH) at += 1;
  }
  return text.length;
}
