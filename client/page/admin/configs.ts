/** Configurations of topics. */
import type { AlterTopicRequest, DescribeTopicAnswer } from "../../../shared/api/topics.ts";
import { checkTopicName } from "../../../shared/topic-name.ts";
import type { AlterConfigs, ConfigResource, DescribedConfigs } from "./admin.ts";
import { topicPath, unsupported, type AdminPorts, type Wait } from "./ports.ts";
import { describeTopics, isLocal } from "./topics.ts";

const TOPIC = 2;
/** Of Kafka's `ConfigSource`. */
const TOPIC_CONFIG = 1;
const DEFAULT_CONFIG = 5;

export async function describeConfigs(
  ports: AdminPorts,
  resources: readonly ConfigResource[],
  wait: Wait,
): Promise<DescribedConfigs> {
  resources.forEach(checkResource);
  const described = await Promise.all(
    resources.map(async ({ name, configNames }) => {
      const { config, defaults } = await describe(ports, name, wait);
      const all = Object.entries({ ...defaults, ...config });
      const wanted = configNames === undefined ? all : all.filter(([config]) => configNames.includes(config));
      const configEntries = wanted.map(([configName, configValue]) => {
        const isDefault = !Object.hasOwn(config, configName);
        const configSource = isDefault ? DEFAULT_CONFIG : TOPIC_CONFIG;
        return { configName, configValue, isDefault, configSource, readOnly: false, isSensitive: false } as const;
      });
      return { errorCode: 0, errorMessage: null, resourceType: TOPIC, resourceName: name, configEntries } as const;
    }),
  );
  return { resources: described, throttleTime: 0 };
}

async function describe(
  ports: AdminPorts,
  topic: string,
  wait: Wait,
): Promise<Pick<DescribeTopicAnswer, "config" | "defaults">> {
  if (!(await isLocal(ports, topic, wait))) return await ports.edge({ method: "GET", path: topicPath(topic) }, wait);
  const [described] = await describeTopics(ports, [topic], wait);
  return { config: described?.config ?? {}, defaults: {} };
}

export async function alterConfigs(
  ports: AdminPorts,
  { resources, validateOnly = false }: AlterConfigs,
  wait: Wait,
): Promise<void> {
  resources.forEach(checkResource);
  if (validateOnly) throw unsupported("validateOnly: the edge checks a configuration when it is altered");
  await Promise.all(
    resources.map(async ({ name, configEntries }) => {
      if (await isLocal(ports, name, wait)) throw unsupported(`${name} is a topic of the device alone`);
      const config = Object.fromEntries(configEntries.map((entry) => [entry.name, entry.value]));
      const body = { config } satisfies AlterTopicRequest;
      await ports.edge({ method: "PATCH", path: topicPath(name), body }, wait);
    }),
  );
}

function checkResource({ type, name }: { readonly type: number; readonly name: string }): void {
  if (type !== TOPIC) throw unsupported(`a resource of type ${String(type)}: topics (2) have configurations here`);
  checkTopicName(name);
}
