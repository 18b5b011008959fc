/** The signature of a busy caller's token is not checked at each request. */
import { expect, test, vi } from "vitest";
import { lockedEdge, now, tokenOf } from "./credentials.ts";

test("one token is checked once in a minute, by its edge; a bad one each time", async () => {
  const checked = vi.spyOn(crypto.subtle, "verify");
  try {
    const ask = lockedEdge();
    const token = await tokenOf({ claims: { exp: now() + 600 } });
    for (let time = 0; time < 20; time += 1) expect((await ask("/openapi.json", { token })).status).toBe(200);
    expect(checked).toHaveBeenCalledTimes(1);
    expect((await ask("/openapi.json", { token: await tokenOf({ claims: { sub: "bob" } }) })).status).toBe(200);
    expect(checked).toHaveBeenCalledTimes(2);
    const forged = `${token.slice(0, -10)}AAAAAAAAAA`;
    for (let time = 0; time < 3; time += 1) expect((await ask("/openapi.json", { token: forged })).status).toBe(401);
    expect(checked).toHaveBeenCalledTimes(5);
  } finally {
    checked.mockRestore();
  }
});
