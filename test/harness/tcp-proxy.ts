/**
 * A proxy of our own between a browser and the broker, for what DevTools cannot do: cut open connections, and let a
 * request through while its answer is held back. A held answer has been given by the broker (the append is durable)
 * and nobody has heard of it: the state in which a retry must not double.
 */
import { createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { listenOnLocalhost } from "./listen.ts";
import { ProxiedConnection, type ConnectionCounters, type HoldRule, type ProxiedAnswer } from "./proxied-connection.ts";

export type { ConnectionCounters, HoldRule, ProxiedAnswer } from "./proxied-connection.ts";

export interface ProxyTotals {
  readonly connections: number;
  readonly open: number;
  /** Requests that were handed to the broker in full. */
  readonly requestsForwarded: number;
  readonly answersPassed: number;
  /** Held back right now on connections that still stand. */
  readonly answersHeld: number;
  /** Answers that the broker gave and that never will be heard: held when their connection ended. */
  readonly answersLost: number;
}

export interface TcpProxy {
  readonly port: number;
  readonly url: string;
  /** New connections go to this port: a broker that was started again elsewhere. Standing ones keep theirs. */
  retarget(upstreamPort: number): void;
  /** Resets every connection, held answers included, and every later attempt to connect. */
  cut(): void;
  restore(): void;
  /** Resets the connections that are WebSockets by now. */
  cutSockets(): void;
  /** The next so many upgrades are refused, as by a proxy that knows no WebSocket: the connection is reset. */
  refuseUpgrades(count: number): void;
  /** From now on, answers that the rule names (and all behind them on their connection) are held back. */
  holdAnswers(rule: HoldRule): void;
  /** Lets go of what is held, in order, and holds nothing further. */
  releaseAnswers(): void;
  /** One entry for each connection that was ever accepted, in that order. */
  connections(): readonly ConnectionCounters[];
  totals(): ProxyTotals;
  /** The answers that are held back right now. */
  held(): readonly ProxiedAnswer[];
  /** Resolves when the condition holds; rejects after the deadline. */
  until(condition: (totals: ProxyTotals) => boolean, withinMs?: number): Promise<ProxyTotals>;
  close(): Promise<void>;
}

const POLL_MS = 2;
const UNTIL_MS = 10_000;

export async function startTcpProxy(options: {
  readonly upstreamPort: number;
  readonly port?: number;
}): Promise<TcpProxy> {
  const connections: ProxiedConnection[] = [];
  let upstreamPort = options.upstreamPort;
  let isCut = false;
  let answersSeen = 0;
  let rule: HoldRule | null = null;
  let refusals = 0;

  const mustHold = (answer: ProxiedAnswer): boolean => {
    answersSeen += 1;
    return rule?.(answer, answersSeen) ?? false;
  };
  const mustRefuse = (): boolean => {
    refusals -= 1;
    return refusals >= 0;
  };
  const server = createServer({ noDelay: true }, (socket: Socket) => {
    socket.on("error", () => socket.destroy());
    if (isCut) socket.resetAndDestroy();
    else
      connections.push(new ProxiedConnection({ id: connections.length, socket, upstreamPort, mustHold, mustRefuse }));
  });
  const port = await listenOnLocalhost(server, options.port);
  const totals = (): ProxyTotals => totalsOf(connections.map((connection) => connection.counters()));
  const cut = (): void => {
    isCut = true;
    for (const connection of connections) connection.reset();
  };

  return {
    port,
    url: `http://localhost:${port}`,
    retarget: (next) => void (upstreamPort = next),
    cut,
    restore: () => void (isCut = false),
    cutSockets: () => {
      for (const connection of connections) if (connection.counters().upgraded) connection.reset();
    },
    refuseUpgrades: (count) => void (refusals = count),
    holdAnswers: (next) => {
      answersSeen = 0;
      rule = next;
    },
    releaseAnswers: () => {
      rule = null;
      for (const connection of connections) connection.release();
    },
    connections: () => connections.map((connection) => connection.counters()),
    totals,
    held: () => connections.flatMap((connection) => connection.held()),
    until: (condition, withinMs = UNTIL_MS) => pollUntil(totals, condition, withinMs),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}

/** Holds every answer after the first `count`, counted over all connections from when the rule is set. */
export function afterAnswers(count: number): HoldRule {
  return (_answer, ordinal) => ordinal > count;
}

/** Holds every answer to requests whose path begins so. */
export function answersTo(method: string, pathPrefix: string): HoldRule {
  return (answer) => answer.method === method && answer.path.startsWith(pathPrefix);
}

function totalsOf(all: readonly ConnectionCounters[]): ProxyTotals {
  const sum = (pick: (one: ConnectionCounters) => number): number => all.reduce((total, one) => total + pick(one), 0);
  return {
    connections: all.length,
    open: sum((one) => (one.open ? 1 : 0)),
    requestsForwarded: sum((one) => one.requestsForwarded),
    answersPassed: sum((one) => one.answersPassed),
    answersHeld: sum((one) => (one.open ? one.answersHeld : 0)),
    answersLost: sum((one) => (one.open ? 0 : one.answersHeld)),
  };
}

async function pollUntil(
  totals: () => ProxyTotals,
  condition: (totals: ProxyTotals) => boolean,
  withinMs: number,
): Promise<ProxyTotals> {
  const until = performance.now() + withinMs;
  for (;;) {
    const now = totals();
    if (condition(now)) return now;
    if (performance.now() > until)
      throw new Error(`not within ${withinMs} ms; the proxy has seen ${JSON.stringify(now)}`);
    await sleep(POLL_MS);
  }
}
