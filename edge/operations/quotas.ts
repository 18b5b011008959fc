/** Quotas: describe, alter. Both are of the whole namespace, and so are the rights they need. */
import type { AlterQuotasAnswer, AlterQuotasRequest, DescribeQuotasAnswer } from "../../shared/api/quotas.ts";
import { demandClusterAccess } from "../access/access.ts";
import { take } from "../outcome.ts";
import type { EdgePorts } from "./ports.ts";

/** As the controller has them now. Throws `CLUSTER_AUTHORIZATION_FAILED`. */
export async function describeQuotas(ports: EdgePorts): Promise<DescribeQuotasAnswer> {
  demandClusterAccess(ports.access, "DESCRIBE_CONFIGS");
  const { quotas } = await ports.controller.rules();
  return { entities: quotas };
}

/** Throws `CLUSTER_AUTHORIZATION_FAILED`, `INVALID_REQUEST`. */
export async function alterQuotas(ports: EdgePorts, request: AlterQuotasRequest): Promise<AlterQuotasAnswer> {
  demandClusterAccess(ports.access, "ALTER_CONFIGS");
  return take(await ports.controller.alterQuotas(request));
}
