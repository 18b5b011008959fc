/** The groups of a partition that is simulated for its log alone. */
import type { GroupPort } from "../../edge/partition/group-port.ts";

const none = async (): Promise<never> => await Promise.reject(new Error("the simulation has no groups"));

export class WithoutGroups implements GroupPort {
  readonly fence = none;
  readonly commitOffset = none;
  readonly groupStanding = none;
  readonly forgetGroup = none;
}
