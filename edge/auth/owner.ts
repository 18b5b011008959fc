import { OWNER_HEADER, ownerText, type Owner } from "../../shared/api/owner.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";

/** Throws `PRINCIPAL_CHANGED` where the device that asks belongs to another than the caller. */
export function demandOwner(request: Request, caller: Owner): void {
  const stated = request.headers.get(OWNER_HEADER);
  if (stated === null || stated === ownerText(caller)) return;
  const { namespace, principal } = caller;
  const said = `the device's log belongs to ${stated.slice(0, 200)}, the caller is ${namespace}/${principal}`;
  throw new StrandlineError("PRINCIPAL_CHANGED", said, { namespace, principal });
}
