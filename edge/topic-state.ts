import type { TopicConfig } from "../shared/api/metadata.ts";

/**
 * What a partition knows of its topic, from the controller: with the confirmation that it should exist, and again with
 * each change. `revision` grows with every change, so that a late message changes nothing.
 */
export interface TopicState {
  readonly name: string;
  readonly revision: number;
  readonly config: TopicConfig;
  /** The partition counts before each growth, oldest first: the topic's growth epoch is their number. */
  readonly growths: readonly number[];
}
