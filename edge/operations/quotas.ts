/** Quotas: describe, alter. Both are of the whole namespace, and so are the rights they need. */
import type { AlterQuotasAnswer, AlterQuotasRequest, DescribeQuotasAnswer } from "../../shared/api/quotas.ts";
import { demandPermission } from "../access/access.ts";
import { take } from "../outcome.ts";
import type { EdgePorts } from "./ports.ts";

/** As the controller has them now. Throws `CLUSTER_AUTHORIZATION_FAILED`. */
export async function describeQuotas(ports: EdgePorts): Promise<DescribeQuotasAnswer> {
  demandPermission(ports.access, "describeQuotas");
  const { quotas } = await ports.controller.rules();
  return { entities: quotas };
}

/** Throws `CLUSTER_AUTHORIZATION_FAILED`, `INVALID_REQUEST`. */
export async function alterQuotas(ports: EdgePorts, request: AlterQuotasRequest): Promise<AlterQuotasAnswer> {
  demandPermission(ports.access, "alterQuotas");
  return take(await ports.controller.alterQuotas(request));
}
