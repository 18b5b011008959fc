import { demandPermission } from "../access/access.ts";
import type { EdgePorts } from "./ports.ts";

/** What was reported, in Prometheus' text format: no partition is asked. Throws `CLUSTER_AUTHORIZATION_FAILED`. */
export async function metrics(ports: EdgePorts): Promise<string> {
  demandPermission(ports.access, "metrics");
  return await ports.controller.metrics();
}
