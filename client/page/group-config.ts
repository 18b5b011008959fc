/** What a caller may say of a consumer's group. */
import type { GroupOptions } from "../calls/consumer-calls.ts";
import { SESSION_MS_MAX, SESSION_MS_MIN } from "../../shared/api/groups.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";

export interface GroupConfig {
  /**
   * `device`, the default: the tabs of this browser share the group's work, offline too, and handlers have `tx`. `edge`: all
   * devices share it, which needs a `url`.
   */
  readonly coordinator?: "device" | "edge";
  /** Of a static member of a group at the edge: it finds its partitions again when it comes back, also after a restart. */
  readonly groupInstanceId?: string;
  /** Milliseconds. Who is not heard of for so long has lost its partitions. 45,000 by default. */
  readonly sessionTimeout?: number;
  /** Milliseconds that a handler at work has to end where its partition goes to another. 60,000 by default. */
  readonly rebalanceTimeout?: number;
  /** Milliseconds, below the session's. 5,000 by default, a third of a short session. */
  readonly heartbeatInterval?: number;
  /**
   * Milliseconds. Where no handler gets on for so long (ends, resolves an offset or calls `heartbeat`) the consumer gives its
   * partitions up. 300,000 by default.
   */
  readonly maxPollInterval?: number;
  /** Names: `sticky` (the default), `range`, `roundrobin`, or one that the edge was made with. The most wanted first. */
  readonly partitionAssigners?: readonly string[];
}

const SESSION_MS = 45_000;
/** A tab that is silent for longer has lost its partitions to others of its device. */
const DEVICE_SESSION_MS = 8_000;

export function checkGroupConfig(config: GroupConfig): GroupOptions {
  const { coordinator = "device", groupInstanceId = null, partitionAssigners = ["sticky"] } = config;
  if (coordinator !== "device" && coordinator !== "edge") refuse("coordinator", coordinator, "'device' or 'edge'");
  if (groupInstanceId !== null && !isName(groupInstanceId))
    refuse("groupInstanceId", groupInstanceId, "text that is not empty");
  const assignors: unknown = partitionAssigners;
  if (!Array.isArray(assignors) || assignors.length === 0 || !assignors.every(isName))
    refuse("partitionAssigners", assignors, "names, as 'sticky'");
  const sessionTimeoutMs = milliseconds(config, "sessionTimeout", SESSION_MS);
  if (coordinator === "edge" && (sessionTimeoutMs < SESSION_MS_MIN || sessionTimeoutMs > SESSION_MS_MAX))
    refuse("sessionTimeout", sessionTimeoutMs, `${SESSION_MS_MIN} to ${SESSION_MS_MAX} milliseconds, at the edge`);
  const heartbeatMs = Math.min(5_000, Math.max(1, Math.floor(sessionTimeoutMs / 3)));
  const heartbeatIntervalMs = milliseconds(config, "heartbeatInterval", heartbeatMs);
  if (heartbeatIntervalMs >= sessionTimeoutMs)
    refuse("heartbeatInterval", heartbeatIntervalMs, `below the session timeout, ${sessionTimeoutMs}`);
  return {
    coordinator,
    instanceId: groupInstanceId,
    sessionTimeoutMs: coordinator === "device" ? Math.min(sessionTimeoutMs, DEVICE_SESSION_MS) : sessionTimeoutMs,
    rebalanceTimeoutMs: milliseconds(config, "rebalanceTimeout", 60_000),
    heartbeatIntervalMs,
    maxPollIntervalMs: milliseconds(config, "maxPollInterval", 300_000),
    assignors: assignors as string[],
  };
}

function isName(given: unknown): boolean {
  return typeof given === "string" && given !== "" && given.isWellFormed();
}

function milliseconds(
  config: GroupConfig,
  option: "sessionTimeout" | "rebalanceTimeout" | "heartbeatInterval" | "maxPollInterval",
  otherwise: number,
): number {
  const given: unknown = config[option] ?? otherwise;
  if (typeof given === "number" && Number.isSafeInteger(given) && given >= 1) return given;
  return refuse(option, given, "milliseconds, a whole number above 0");
}

function refuse(option: string, given: unknown, wanted: string): never {
  const shown = String(given).slice(0, 64);
  throw new StrandlineError("INVALID_ARGUMENT", `${option} ${JSON.stringify(shown)}: ${wanted}`, {
    option,
    given: shown,
  });
}
