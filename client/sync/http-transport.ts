import { TIMER_MS_MAX } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { Transport, TransportRequest, TransportResponse } from "./transport.ts";

/** `Transport` over `fetch`. `url` is the edge's address, with or without a path. */
export function httpTransport(url: string): Transport {
  const base = url.replace(/\/+$/, "");
  return { request: (request) => send(base, request) };
}

async function send(base: string, request: TransportRequest): Promise<TransportResponse> {
  const deadline = AbortSignal.timeout(Math.min(request.timeoutMs, TIMER_MS_MAX));
  const signal = request.signal === undefined ? deadline : AbortSignal.any([deadline, request.signal]);
  try {
    const response = await fetch(base + request.path, {
      method: request.method,
      headers: headersOf(request),
      body: request.body ?? null,
      signal,
      ...browsersOwn(request),
    });
    const body = new Uint8Array(await response.arrayBuffer());
    const retryAfterMs = askedMs(response.headers.get("retry-after"));
    return { status: response.status, body, ...(retryAfterMs === null ? {} : { retryAfterMs }) };
  } catch (cause) {
    throw failure(base, request, { deadline, cause });
  }
}

/** A Worker knows no credentials, and one of an older compatibility date throws for what it does not know. */
function browsersOwn({ keepalive = false }: TransportRequest): RequestInit {
  return {
    ...(keepalive && "keepalive" in Request.prototype ? { keepalive } : {}),
    ...("cache" in Request.prototype ? { cache: "no-store" } : {}),
    ...("credentials" in Request.prototype ? { credentials: "omit" } : {}),
  };
}

/** Seconds alone: a date would be read by a clock that may be wrong by days. */
function askedMs(retryAfter: string | null): number | null {
  return retryAfter !== null && /^\d{1,7}$/.test(retryAfter) ? Number(retryAfter) * 1_000 : null;
}

function headersOf(request: TransportRequest): Record<string, string> {
  const headers: Record<string, string> = { ...request.headers, accept: request.accept ?? "application/json" };
  if (request.contentType !== undefined) headers["content-type"] = request.contentType;
  return headers;
}

function failure(
  base: string,
  request: TransportRequest,
  { deadline, cause }: { readonly deadline: AbortSignal; readonly cause: unknown },
): StrandlineError {
  const asked = `${request.method} ${base}${request.path}`;
  if (request.signal?.aborted === true) return new StrandlineError("CLOSED", `${asked} was called off`, {}, cause);
  if (deadline.aborted)
    return new StrandlineError(
      "REQUEST_TIMED_OUT",
      `${asked}, ${request.timeoutMs} ms`,
      { timeoutMs: request.timeoutMs },
      cause,
    );
  return new StrandlineError("NETWORK_EXCEPTION", asked, {}, cause);
}
