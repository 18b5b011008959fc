/** Ingest keys over the controller of their namespace, and the rules of those that are in use, for seconds. */
import { RulesCache } from "./access/rules-cache.ts";
import type { Caller } from "./auth/caller.ts";
import { writeIngestKey, type NamedIngestKey } from "./auth/ingest-key.ts";
import type { ControllerObject } from "./controller/controller-object.ts";
import type { Env } from "./env.ts";
import type { IngestRule } from "./ingest/ingest-rule.ts";
import type { IngestKeyPort } from "./operations/ingest-keys.ts";
import type { EdgePorts } from "./operations/ports.ts";
import { systemClock } from "./system-ports.ts";

/** Null: there is no such key. */
const cache = new RulesCache<IngestRule | null>(systemClock);

/** Of a key whose namespace its MAC proves. Rejects where it is not known and the controller cannot be asked. */
export async function ingestRuleOf(
  env: Env,
  named: NamedIngestKey,
  background: EdgePorts["background"],
): Promise<IngestRule | null> {
  const ask = async (): Promise<IngestRule | null> => await controllerOf(env, named.namespace).ingestKey(named.id);
  return await cache.rulesOf(nameOf(named), ask, background);
}

export function ingestKeyPort(env: Env, { namespace }: Pick<Caller, "namespace">): IngestKeyPort {
  return {
    create: async (topic, terms) => await controllerOf(env, namespace).createIngestKey(topic, terms),
    find: async (id) => await controllerOf(env, namespace).ingestKey(id),
    all: async () => await controllerOf(env, namespace).ingestKeys(),
    alter: async (id, changes) =>
      await forgetting({ namespace, id }, async () => await controllerOf(env, namespace).alterIngestKey(id, changes)),
    remove: async (id) =>
      await forgetting({ namespace, id }, async () => await controllerOf(env, namespace).removeIngestKey(id)),
    text: async (id) => await writeIngestKey(env, { namespace, id }),
  };
}

/** Also where no answer comes: it may have happened. */
async function forgetting<Value>(named: NamedIngestKey, change: () => Promise<Value>): Promise<Value> {
  try {
    return await change();
  } finally {
    cache.forget(nameOf(named));
  }
}

function nameOf({ namespace, id }: NamedIngestKey): string {
  return JSON.stringify([namespace, id]);
}

function controllerOf({ CONTROLLER }: Env, namespace: string): DurableObjectStub<ControllerObject> {
  return CONTROLLER.get(CONTROLLER.idFromName(namespace));
}
