/** Strandline's own edge on a bare workerd, doors open, as the tests, the demo and the benchmarks run it. */
import { bundleWorker } from "./bundle-worker.ts";
import { startWorkerd, type DurableObjectClass, type Workerd } from "./workerd.ts";

export interface BrokerOptions {
  readonly dir: string;
  readonly port?: number;
  /** Text bindings besides STRANDLINE_AUTH=none, or over it. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Another Worker than the edge: the raw comparator of a benchmark. */
  readonly entry?: string;
  readonly objects?: readonly DurableObjectClass[];
}

/** As in wrangler.toml. */
export const EDGE_OBJECTS: readonly DurableObjectClass[] = [
  { className: "ControllerObject", binding: "CONTROLLER" },
  { className: "PartitionObject", binding: "PARTITION" },
  { className: "GroupObject", binding: "GROUP" },
  { className: "RestConsumerObject", binding: "REST_CONSUMER" },
];

export async function startBroker(options: BrokerOptions): Promise<Workerd> {
  return startWorkerd({
    code: await bundleWorker(options.entry ?? "edge/worker.ts"),
    objects: options.objects ?? EDGE_OBJECTS,
    variables: { STRANDLINE_AUTH: "none", ...options.variables },
    dir: options.dir,
    ...(options.port === undefined ? {} : { port: options.port }),
  });
}
