/** Credentials that are ended before their time. Who may alter the cluster may end them. */
import type { ListRevocationsAnswer, Revocation, RevokeRequest } from "../../shared/api/revocations.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { demandPermission } from "../access/access.ts";
import { take } from "../outcome.ts";
import type { EdgePorts } from "./ports.ts";

/** Throws `CLUSTER_AUTHORIZATION_FAILED`, and `INVALID_REQUEST` where there are too many. */
export async function revoke({ access, revocations }: EdgePorts, request: RevokeRequest): Promise<Revocation> {
  demandPermission(access, "revoke");
  return take(await revocations.add(request));
}

/** Throws `CLUSTER_AUTHORIZATION_FAILED`. */
export async function listRevocations({ access, revocations }: EdgePorts): Promise<ListRevocationsAnswer> {
  demandPermission(access, "describeRevocations");
  return { revocations: await revocations.all() };
}

/** Throws `CLUSTER_AUTHORIZATION_FAILED`, `NOT_FOUND`. */
export async function deleteRevocation({ access, revocations }: EdgePorts, id: string): Promise<Revocation> {
  demandPermission(access, "revoke");
  const removed = take(await revocations.remove(id));
  if (removed !== null) return removed;
  const shown = id.slice(0, 64);
  throw new StrandlineError("NOT_FOUND", `no revocation ${JSON.stringify(shown)}`, { revocation: shown });
}
