/**
 * WebKit's GTK port by its WebDriver: the driver, the screen that it draws on, and one session. Only what the tests
 * need of the protocol (https://www.w3.org/TR/webdriver2/): begin, go somewhere, end.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureWebKit } from "./find-engines.ts";
import { listenOnLocalhost } from "./listen.ts";
import { endOnExit, groupGone, signalGroup } from "./process-group.ts";

const START_MS_MAX = 20_000;
/** A page that hangs lets no answer through. */
const ANSWER_MS_MAX = 60_000;
const END_MS_MAX = 5_000;
const POLL_MS = 50;

export interface WebKitSession {
  goto(url: string): Promise<void>;
  close(): Promise<void>;
}

export async function openWebKit(): Promise<WebKitSession> {
  const { driver, screen, browser } = ensureWebKit();
  const display = await startScreen(screen);
  const port = await freePort();
  const process = start(driver, [`--port=${port}`], { DISPLAY: display.name, WEBKIT_DISABLE_COMPOSITING_MODE: "1" });
  const end = async (): Promise<void> => {
    for (const { pid } of [process, display.process]) if (pid !== undefined) signalGroup(pid, "SIGKILL");
    for (const { pid } of [process, display.process]) if (pid !== undefined) await groupGone(pid);
  };
  try {
    const url = `http://127.0.0.1:${port}`;
    await ready(url);
    const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": { binary: browser, args: ["--automation"] } } };
    const { sessionId } = await ask<{ sessionId: string }>("POST", `${url}/session`, { body: { capabilities } });
    const session = `${url}/session/${sessionId}`;
    return {
      goto: async (to) => void (await ask("POST", `${session}/url`, { body: { url: to } })),
      close: async () => {
        await ask("DELETE", session, { withinMs: END_MS_MAX }).catch(() => undefined);
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** It chooses a display that is free, and says which. */
async function startScreen(program: string): Promise<{ readonly name: string; readonly process: ChildProcess }> {
  const process = start(program, ["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"], {});
  const number = await new Promise<string>((resolve, reject) => {
    process.stdout?.setEncoding("utf8").once("data", (text: string) => resolve(text.trim()));
    process.once("error", reject);
    process.once("exit", (code) => reject(new Error(`Xvfb ended with ${code}`)));
  });
  return { name: `:${number}`, process };
}

function start(program: string, args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const options = { env: { ...globalThis.process.env, ...env }, detached: true } as const;
  const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "ignore"] });
  if (child.pid !== undefined) endOnExit(child.pid);
  return child;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOnLocalhost(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function ready(url: string): Promise<void> {
  const until = performance.now() + START_MS_MAX;
  for (;;) {
    const answered = await ask<{ ready: boolean }>("GET", `${url}/status`).catch(() => null);
    if (answered?.ready === true) return;
    if (performance.now() > until) throw new Error(`WebKitWebDriver is not ready after ${START_MS_MAX} ms`);
    await sleep(POLL_MS);
  }
}

async function ask<Value>(
  method: string,
  url: string,
  { body, withinMs = ANSWER_MS_MAX }: { readonly body?: object; readonly withinMs?: number } = {},
): Promise<Value> {
  const response = await fetch(url, {
    method,
    headers: { "content-type": "application/json" },
    signal: AbortSignal.timeout(withinMs),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const { value } = (await response.json()) as { value: Value };
  if (!response.ok) throw new Error(`${method} ${url}: ${JSON.stringify(value)}`);
  return value;
}
