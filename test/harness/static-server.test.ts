import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { startStaticServer, type StaticServer } from "./static-server.ts";
import { tempDir } from "./temp-dir.ts";

let server: StaticServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

describe("static server", () => {
  test("serves files from memory with their content type, isolated from other origins", async () => {
    server = await startStaticServer(
      new Map<string, string | Uint8Array>([
        ["index.html", "<p>hello</p>"],
        ["deep/page.js", new TextEncoder().encode("export {};")],
      ]),
    );
    const page = await fetch(`${server.url}/?query`);
    expect(await page.text()).toBe("<p>hello</p>");
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(page.headers.get("cross-origin-embedder-policy")).toBe("require-corp");
    const script = await fetch(`${server.url}/deep/page.js`);
    expect(script.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect((await fetch(`${server.url}/absent.js`)).status).toBe(404);
  });

  test("serves a folder and nothing beside it", async () => {
    const dir = await tempDir("static");
    await writeFile(`${dir.path}/a.json`, "{}");
    server = await startStaticServer(dir.path);
    expect(await (await fetch(`${server.url}/a.json`)).json()).toEqual({});
    for (const path of ["/../secret", "/%2e%2e/secret", "//etc/hostname", "/%", "/..%2fsecret"]) {
      expect([path, await rawStatus(server.port, path)]).toEqual([path, "404"]);
    }
    await dir.remove();
  });
});

/** `fetch` would tidy the path up before it asks. */
function rawStatus(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", reject);
    socket.once("data", (bytes) => {
      resolve(bytes.toString("latin1").split(" ")[1] ?? "");
      socket.destroy();
    });
    socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  });
}
