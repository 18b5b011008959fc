/** Topics of the benchmarks, made over HTTP. */
import type { TopicId } from "../../../shared/brands.ts";
import type { Workerd } from "../../harness/workerd.ts";
import { Device, demandStored, send } from "./produce-load.ts";

/** Of one partition. `authorization`: of somebody who may, where doors are locked. */
export async function createTopic(
  edge: Workerd,
  name: string,
  authorization: Readonly<Record<string, string>> = {},
): Promise<TopicId> {
  const headers = { "content-type": "application/json", ...authorization };
  const body = JSON.stringify({ name, partitionCount: 1 });
  const answer = await fetch(`${edge.url}/v1/topics`, { method: "POST", headers, body });
  if (!answer.ok) throw new Error(await answer.text());
  return ((await answer.json()) as { readonly topicId: TopicId }).topicId;
}

export interface FilledLog {
  readonly name: string;
  readonly topicId: TopicId;
  readonly highWatermark: number;
  /** The requests it was filled with. */
  readonly bodies: readonly Uint8Array[];
}

/** A topic whose partition holds so many runs of one batch each. */
export async function fill(
  edge: Workerd,
  name: string,
  runs: { readonly count: number; readonly bytes: number },
): Promise<FilledLog> {
  const topicId = await createTopic(edge, name);
  const device = await Device.of(topicId, 0);
  const bodies = Array.from({ length: runs.count }, () => device.request(runs.bytes));
  demandStored((await send(`${edge.url}/v1/produce`, [bodies])).answers);
  const latest = await fetch(`${edge.url}/v1/topics/${name}/partitions/0/offsets?at=latest`);
  const { offset: highWatermark } = (await latest.json()) as { readonly offset: number };
  return { name, topicId, highWatermark, bodies };
}
