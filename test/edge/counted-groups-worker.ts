/** The edge, with one more address: what a group's object has written since it began, as it is billed. */
import worker, { ControllerObject, GroupObject, PartitionObject } from "../../edge/worker.ts";
import type { Env } from "../../edge/env.ts";
import { groupName } from "../../edge/group/group-name.ts";

export interface GroupCosts {
  /** By statements. */
  readonly rows: number;
  /** Each of which is billed as a row as well. */
  readonly alarms: number;
}

class CountedGroup extends GroupObject {
  readonly #costs: GroupCosts;

  constructor(state: DurableObjectState, env: Env) {
    const costs = { rows: 0, alarms: 0 };
    const { storage } = state;
    const { sql } = storage;
    const exec = sql.exec.bind(sql);
    sql.exec = (query, ...values) => {
      const cursor = exec(query, ...(values as SqlStorageValue[]));
      costs.rows += cursor.rowsWritten;
      return cursor as never;
    };
    const setAlarm = storage.setAlarm.bind(storage);
    storage.setAlarm = async (at, options) => {
      costs.alarms += 1;
      await setAlarm(at, options);
    };
    super(state, env);
    this.#costs = costs;
  }

  override async fetch(): Promise<Response> {
    return await Promise.resolve(Response.json(this.#costs));
  }
}

const counted: ExportedHandler<Env> = {
  fetch: async (request, env, context) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/count")
      return (await worker.fetch?.(request, env, context)) ?? new Response(null, { status: 500 });
    const name = groupName({ namespace: "default", groupId: searchParams.get("group") ?? "" });
    return await env.GROUP.get(env.GROUP.idFromName(name)).fetch("http://group/count");
  },
};

export { ControllerObject, CountedGroup as GroupObject, PartitionObject };

export default counted;
