/** What `cloudflare:workers` hands to a test of the edge: `exports.default` is the Worker, `env` its bindings. */
declare namespace Cloudflare {
  interface GlobalProps {
    mainModule: typeof import("../../edge/worker.ts");
    durableNamespaces: "ControllerObject" | "PartitionObject" | "GroupObject" | "RestConsumerObject";
  }
  interface Env {
    readonly STRANDLINE_AUTH: string;
    readonly CONTROLLER: DurableObjectNamespace<import("../../edge/worker.ts").ControllerObject>;
    readonly PARTITION: DurableObjectNamespace<import("../../edge/worker.ts").PartitionObject>;
    readonly GROUP: DurableObjectNamespace<import("../../edge/worker.ts").GroupObject>;
    readonly REST_CONSUMER: DurableObjectNamespace<import("../../edge/worker.ts").RestConsumerObject>;
  }
}
