/** Requests that say whose device they come from, with the token of whoever is signed in. */
import { OWNER_HEADER, ownerText, type Owner } from "../../shared/api/owner.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { textOf } from "../../shared/utf8.ts";
import type { TokenSource } from "./token-source.ts";
import type { Transport, TransportRequest, TransportResponse } from "./transport.ts";

const UNAUTHORIZED = 401;
const FORBIDDEN = 403;

/**
 * `tokens` null: the edge's doors are open. A token that is refused, or that is another principal's, is renewed once; the
 * refusal is the answer after that.
 */
export function ownedTransport(transport: Transport, owner: Owner, tokens: TokenSource | null): Transport {
  const headers = { [OWNER_HEADER]: ownerText(owner) };
  const send = async (request: TransportRequest, token: string | null): Promise<TransportResponse> =>
    await transport.request({
      ...request,
      headers: token === null ? headers : { ...headers, authorization: `Bearer ${token}` },
    });
  return {
    async request(request) {
      const token = tokens === null ? null : await unlessCalledOff(tokens.current(), request);
      const answer = await send(request, token);
      if (tokens === null || token === null || !isOfToken(answer)) return answer;
      tokens.refused(token);
      const renewed = await unlessCalledOff(tokens.current(), request);
      return renewed === token ? answer : await send(request, renewed);
    },
  };
}

/** `auth` may take its time, and is waited for by others as well. */
async function unlessCalledOff(token: Promise<string>, { method, path, signal }: TransportRequest): Promise<string> {
  if (signal === undefined) return await token;
  const over = new AbortController();
  const calledOff = new Promise<never>((_, reject) => {
    const giveUp = (): void => reject(new StrandlineError("CLOSED", `${method} ${path} was called off`));
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp, { once: true, signal: over.signal });
  });
  return await Promise.race([token, calledOff]).finally(() => over.abort());
}

/** Kept, a token of whoever was signed in before would keep out whoever is now, for as long as it lives. */
function isOfToken({ status, body }: TransportResponse): boolean {
  return status === UNAUTHORIZED || (status === FORBIDDEN && textOf(body).includes('"PRINCIPAL_CHANGED"'));
}
