/** The configuration of a bare workerd, in its own language (Cap'n Proto text). */

export interface DurableObjectClass {
  readonly className: string;
  /** The name that the Worker finds the namespace under, in its env. */
  readonly binding: string;
}

export interface WorkerdConfig {
  /** 0: any free one. */
  readonly port: number;
  /** Absolute: where the Durable Objects keep their SQLite files. */
  readonly storageDir: string;
  /** Beside the configuration. */
  readonly moduleFile: string;
  readonly compatibilityDate: string;
  readonly objects: readonly DurableObjectClass[];
  readonly variables: Readonly<Record<string, string>>;
  /** It may fetch from this machine. Else public addresses alone, as at the edge. */
  readonly fetchesLocally: boolean;
}

/** As in wrangler.toml. */
const COMPATIBILITY_FLAGS = ["no_web_socket_compression"];

/** In the place of the default, which lets a Worker fetch from public addresses alone. */
const LOCAL_NETWORK = `
    (name = "internet", network = (allow = ["public", "private"])),`;

export function workerdConfig(config: WorkerdConfig): string {
  const namespaces = config.objects.map(
    ({ className }) => `(className = ${text(className)}, uniqueKey = ${text(className)}, enableSql = true)`,
  );
  const bindings = [
    ...config.objects.map((one) => `(name = ${text(one.binding)}, durableObjectNamespace = ${text(one.className)})`),
    ...Object.entries(config.variables).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`),
  ];
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "storage", disk = (path = ${text(config.storageDir)}, writable = true)),${config.fetchesLocally ? LOCAL_NETWORK : ""}
  ],
  sockets = [(name = "http", address = "127.0.0.1:${config.port}", http = (), service = "main")],
);

const main :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed ${text(config.moduleFile)})],
  compatibilityDate = ${text(config.compatibilityDate)},
  compatibilityFlags = [${COMPATIBILITY_FLAGS.map(text).join(", ")}],
  durableObjectNamespaces = [${namespaces.join(", ")}],
  durableObjectStorage = (localDisk = "storage"),
  bindings = [${bindings.join(", ")}],
);
`;
}

function text(value: string): string {
  return JSON.stringify(value);
}
