/** Tails over real connections: clients that go without a word, objects that hibernate, streams that live their time. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { TailLab, textFrame } from "./tail-lab.ts";

let lab: TailLab | null = null;
afterEach(async () => {
  await lab?.close();
  lab = null;
});

/** A partition that still has something to report is awake until it has. */
const SOON_TOLD = { STRANDLINE_REPORT_SECONDS: "0.2" };

async function opened(variables: Readonly<Record<string, string>> = {}): Promise<TailLab> {
  lab = await TailLab.open(variables);
  return lab;
}

test.each(["destroy", "resetAndDestroy"] as const)(
  "a client that goes by %s takes its partition's socket with it",
  async (how) => {
    const tails = await opened();
    const socket = await tails.bareSocket();
    socket.on("error", () => undefined);
    socket.write(textFrame(tails.subscribeFrame()));
    await tails.untilSockets(1);
    socket[how]();
    await tails.untilSockets(0, 20_000);
  },
);

test("an object that hibernates delivers the next append, and holds its sockets over it", async () => {
  const tails = await opened(SOON_TOLD);
  await tails.append("a");
  const { socket, came } = await tails.webSocket();
  socket.send(tails.subscribeFrame());
  await vi.waitFor(() => expect(came).toHaveLength(2));
  socket.send(JSON.stringify({ type: "ack", id: 1, offset: 1 }));
  const { life } = await tails.count();
  await sleep(13_000);
  await tails.append("b");
  await vi.waitFor(() => expect(came).toHaveLength(3));
  const now = await tails.count();
  expect(now.sockets).toBe(1);
  expect(now.life).not.toBe(life);
  socket.send("ping");
  await vi.waitFor(() => expect(came.at(-1)).toBe("pong"));
  socket.close();
  await tails.untilSockets(0);
});

test("pings keep a socket and wake no object", async () => {
  const tails = await opened(SOON_TOLD);
  const { socket, came } = await tails.webSocket();
  socket.send(tails.subscribeFrame());
  await vi.waitFor(() => expect(came).toHaveLength(1));
  const { life } = await tails.count();
  for (let second = 0; second < 14; second += 1) {
    socket.send("ping");
    await sleep(1_000);
  }
  await vi.waitFor(() => expect(came.filter((one) => one === "pong")).toHaveLength(14));
  expect((await tails.count()).life).not.toBe(life);
  socket.close();
});

test("curl shows events as they come, and takes its partition's socket with it when it is killed", async () => {
  const tails = await opened();
  await tails.append("a");
  const { child, said, ended } = tails.curl();
  await vi.waitFor(() => expect(said()).toContain('"value":"a"'));
  await tails.append("b");
  await vi.waitFor(() => expect(said()).toContain('"value":"b"'));
  expect(said().match(/^id: \d+-\d+-\d+$/gm)).toHaveLength(2);
  await tails.untilSockets(1);
  child.kill("SIGKILL");
  await ended;
  await tails.untilSockets(0, 40_000);
});

test("sockets and event streams end cleanly after STRANDLINE_STREAM_SECONDS", async () => {
  const tails = await opened({ STRANDLINE_STREAM_SECONDS: "3" });
  await tails.append("a");
  const began = performance.now();
  const { said, ended } = tails.curl();
  const { socket, came } = await tails.webSocket();
  const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener("close", resolve, { once: true }));
  socket.send(tails.subscribeFrame());
  expect(await ended).toBe(0);
  expect(said()).toMatch(/event: end\nretry: \d+\ndata: \{\}\n\n$/);
  expect(await closed).toMatchObject({ code: 1000, wasClean: true });
  expect(came.at(-1)).toBe('{"type":"end"}');
  // Not at once; and it would be 300 by default, which this test does not wait for.
  expect(performance.now() - began).toBeGreaterThan(2_500);
  await tails.untilSockets(0);
});
