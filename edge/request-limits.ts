/** What a request may be before anything of it is read. Its headers are bounded by the platform (128 KB at Cloudflare). */
import { LIMITS } from "../shared/limits.ts";
import { StrandlineError } from "../shared/strandline-error.ts";

/** Throws `INVALID_REQUEST`: its host is what the client said it is, and may be none. */
export function addressOf({ url }: Request): URL {
  const address = URL.parse(url);
  if (address === null) throw new StrandlineError("INVALID_REQUEST", "the header Host names no host");
  return address;
}

/** Throws `REQUEST_TOO_LARGE`, `UNSUPPORTED_COMPRESSION_TYPE`. */
export function checkRequest(request: Request, { href, pathname }: URL): void {
  if (pathname.length > LIMITS.pathCharsMax) throw tooLong("a path", pathname.length, LIMITS.pathCharsMax);
  if (href.length > LIMITS.urlCharsMax) throw tooLong("an address", href.length, LIMITS.urlCharsMax);
  // Batches are compressed where that pays: a body that is as well would have to be inflated before it can be bounded.
  const encoding = request.headers.get("content-encoding");
  if (encoding === null || encoding.toLowerCase() === "identity") return;
  const shown = encoding.slice(0, 32);
  throw new StrandlineError("UNSUPPORTED_COMPRESSION_TYPE", `content-encoding ${JSON.stringify(shown)}`, {
    contentEncoding: shown,
  });
}

function tooLong(what: string, chars: number, limit: number): StrandlineError {
  return new StrandlineError("REQUEST_TOO_LARGE", `${what} of ${chars} characters, of at most ${limit}`, {
    chars,
    limit,
  });
}
