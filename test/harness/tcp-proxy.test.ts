import { createServer, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { listenOnLocalhost } from "./listen.ts";
import { afterAnswers, answersTo, startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

interface Upstream {
  readonly port: number;
  readonly asked: string[];
  close(): void;
}

async function startUpstream(name: string): Promise<Upstream> {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      asked.push(`${request.method} ${request.url} ${Buffer.concat(parts).length}`);
      response.end(`${name}: ${request.url}`);
    });
  });
  server.on("upgrade", (_request, socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
  });
  const port = await listenOnLocalhost(server);
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { port, asked, close };
}

const ask = async (path: string, body?: string): Promise<string> => {
  const answer = await fetch(
    `http://127.0.0.1:${proxy.port}${path}`,
    body === undefined ? {} : { method: "POST", body },
  );
  return answer.text();
};

let upstream: Upstream;
let proxy: TcpProxy;
beforeEach(async () => {
  upstream = await startUpstream("one");
  proxy = await startTcpProxy({ upstreamPort: upstream.port });
});
afterEach(async () => {
  await proxy.close();
  upstream.close();
});

describe("tcp proxy", () => {
  test("passes requests and answers on, and counts them", async () => {
    expect(await ask("/a")).toBe("one: /a");
    expect(await ask("/b", "x".repeat(300_000))).toBe("one: /b");
    expect(upstream.asked).toEqual(["GET /a 0", "POST /b 300000"]);
    expect(proxy.totals()).toMatchObject({ requestsForwarded: 2, answersPassed: 2, answersHeld: 0, answersLost: 0 });
  });

  test("holds an answer that the broker has given, and lets it go later", async () => {
    proxy.holdAnswers(answersTo("POST", "/v1/produce"));
    expect(await ask("/v1/metadata")).toBe("one: /v1/metadata");
    let heard: string | null = null;
    const asking = ask("/v1/produce", "batch").then((text) => (heard = text));
    await proxy.until(({ answersHeld }) => answersHeld === 1);
    expect(upstream.asked).toContain("POST /v1/produce 5");
    expect(proxy.held()).toMatchObject([{ method: "POST", path: "/v1/produce", status: 200 }]);
    expect(heard).toBeNull();
    proxy.releaseAnswers();
    expect(await asking).toBe("one: /v1/produce");
    expect(proxy.totals()).toMatchObject({ answersHeld: 0, answersPassed: 2, answersLost: 0 });
  });

  test("holds from the nth answer on", async () => {
    proxy.holdAnswers(afterAnswers(2));
    expect(await ask("/1")).toBe("one: /1");
    expect(await ask("/2")).toBe("one: /2");
    const third = ask("/3");
    await proxy.until(({ answersHeld }) => answersHeld === 1);
    proxy.releaseAnswers();
    expect(await third).toBe("one: /3");
  });

  test("a cut loses what was held, and refuses until it is restored", async () => {
    proxy.holdAnswers(afterAnswers(0));
    const lost = ask("/lost");
    await proxy.until(({ answersHeld }) => answersHeld === 1);
    proxy.cut();
    await expect(lost).rejects.toThrow("fetch failed");
    await expect(ask("/refused")).rejects.toThrow("fetch failed");
    expect(proxy.totals()).toMatchObject({ open: 0, answersHeld: 0, answersLost: 1, requestsForwarded: 1 });
    proxy.restore();
    proxy.releaseAnswers();
    expect(await ask("/again")).toBe("one: /again");
  });

  test("sends new connections to another broker", async () => {
    const other = await startUpstream("two");
    proxy.retarget(other.port);
    expect(await ask("/x")).toBe("two: /x");
    other.close();
  });

  test("a broker that is down is a broken connection, not a crash", async () => {
    upstream.close();
    await expect(ask("/x")).rejects.toThrow("fetch failed");
    expect(proxy.totals().open).toBe(0);
  });
});

describe("an upgraded connection through the tcp proxy", () => {
  test("passes bytes both ways and is cut like any other", async () => {
    const { socket, head } = await upgrade(proxy.port);
    expect(head).toContain("101");
    expect(proxy.connections()).toMatchObject([{ upgraded: true, requestsForwarded: 1, answersPassed: 1 }]);
    const echoed = nextBytes(socket);
    socket.write("ping");
    expect(await echoed).toBe("ping");
    const closed = new Promise((resolve) => socket.once("close", resolve));
    proxy.cut();
    await closed;
  });
});

async function upgrade(port: number): Promise<{ socket: Socket; head: string }> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => undefined);
  socket.write("GET /v1/tail HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
  return { socket, head: await nextBytes(socket) };
}

function nextBytes(socket: Socket): Promise<string> {
  return new Promise((resolve) => socket.once("data", (bytes) => resolve(bytes.toString("latin1"))));
}
