/** Requests that say whose device they come from, with the token of whoever is signed in. */
import { OWNER_HEADER, ownerText, type Owner } from "../../shared/api/owner.ts";
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
      const token = tokens === null ? null : await tokens.for(request);
      const answer = await send(request, token);
      if (tokens === null || token === null || !isOfToken(answer)) return answer;
      tokens.refused(token);
      const renewed = await tokens.for(request);
      return renewed === token ? answer : await send(request, renewed);
    },
  };
}

/** Kept, a token of whoever was signed in before would keep out whoever is now, for as long as it lives. */
function isOfToken({ status, body }: TransportResponse): boolean {
  return status === UNAUTHORIZED || (status === FORBIDDEN && textOf(body).includes('"PRINCIPAL_CHANGED"'));
}
