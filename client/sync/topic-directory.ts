/** Asks the edge about topics and lets the catalog learn the answers. */
import type { TopicConfig, TopicMetadata } from "../../shared/api/metadata.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { TopicCatalog } from "../log/device-log.ts";
import type { EdgeClient } from "./edge-client.ts";

export interface Principal {
  readonly namespace: string;
  readonly principal: string;
}

export class TopicDirectory {
  readonly #edge: EdgeClient;
  readonly #catalog: TopicCatalog;
  readonly #owner: Principal;
  readonly #learned: () => void;

  constructor(edge: EdgeClient, catalog: TopicCatalog, owner: Principal, learned: () => void) {
    this.#edge = edge;
    this.#catalog = catalog;
    this.#owner = owner;
    this.#learned = learned;
  }

  /** `names` null: all topics of the edge. Topics that the edge refuses carry their error and are not learned. */
  async refresh(
    names: readonly string[] | null,
    create: boolean,
    signal: AbortSignal,
  ): Promise<readonly TopicMetadata[]> {
    const answer = await this.#edge.metadata(names, create, signal);
    this.#demandOwner(answer);
    await this.#learn(answer.topics);
    return answer.topics;
  }

  async create(
    name: string,
    partitionCount: number | null,
    config: TopicConfig,
    signal: AbortSignal,
  ): Promise<TopicMetadata> {
    const created = await this.#edge.createTopic({ name, partitionCount: partitionCount ?? undefined, config }, signal);
    await this.#learn([created]);
    return created;
  }

  async #learn(topics: readonly TopicMetadata[]): Promise<void> {
    const known = topics.filter((topic) => topic.error === null && topic.topicId !== null);
    if (known.length === 0) return;
    await this.#catalog.learn(known);
    this.#learned();
  }

  /** What one principal left on the device is never sent under another's name. */
  #demandOwner(answer: Principal): void {
    const { namespace, principal } = this.#owner;
    if (answer.namespace === namespace && answer.principal === principal) return;
    const said = `the device's log belongs to ${namespace}/${principal}, the edge takes the caller for ${answer.namespace}/${answer.principal}`;
    throw new StrandlineError("PRINCIPAL_CHANGED", said, { namespace, principal });
  }
}
