import { StrandlineError } from "../../shared/strandline-error.ts";
import type { Transport, TransportRequest, TransportResponse } from "./transport.ts";

/** `Transport` over `fetch`. `url` is the edge's address, with or without a path. */
export function httpTransport(url: string): Transport {
  const base = url.replace(/\/+$/, "");
  return { request: (request) => send(base, request) };
}

async function send(base: string, request: TransportRequest): Promise<TransportResponse> {
  const deadline = AbortSignal.timeout(request.timeoutMs);
  const signal = request.signal === undefined ? deadline : AbortSignal.any([deadline, request.signal]);
  try {
    const response = await fetch(base + request.path, {
      method: request.method,
      headers: headersOf(request),
      body: request.body ?? null,
      signal,
      cache: "no-store",
      credentials: "omit",
    });
    return { status: response.status, body: new Uint8Array(await response.arrayBuffer()) };
  } catch (cause) {
    throw failure(request, deadline, cause);
  }
}

function headersOf(request: TransportRequest): Record<string, string> {
  const headers: Record<string, string> = { ...request.headers, accept: request.accept ?? "application/json" };
  if (request.contentType !== undefined) headers["content-type"] = request.contentType;
  return headers;
}

function failure(request: TransportRequest, deadline: AbortSignal, cause: unknown): StrandlineError {
  const asked = `${request.method} ${request.path}`;
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
