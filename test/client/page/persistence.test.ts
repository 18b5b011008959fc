import { expect, test } from "vitest";
import { Persistence } from "../../../client/page/persistence.ts";

class Browser {
  asks = 0;
  gesture = false;
  wasAsked = false;
  readonly port = {
    persist: async (): Promise<boolean> => {
      this.asks += 1;
      return true;
    },
    inGesture: (): boolean => this.gesture,
    asked: (): boolean => this.wasAsked,
    remember: (asked: boolean): void => void (this.wasAsked = asked),
  };
}

test("the browser is asked once, with the first send that a gesture has led to", () => {
  const browser = new Browser();
  const persistence = new Persistence(browser.port, { automatic: true });
  persistence.sent();
  expect(browser.asks).toBe(0);
  browser.gesture = true;
  persistence.sent();
  persistence.sent();
  expect([browser.asks, browser.wasAsked]).toEqual([1, true]);
  new Persistence(browser.port, { automatic: true }).sent();
  expect(browser.asks).toBe(1);
});

test("not by itself where that is switched off; whenever it is called", async () => {
  const browser = new Browser();
  browser.gesture = true;
  const persistence = new Persistence(browser.port, { automatic: false });
  persistence.sent();
  expect(browser.asks).toBe(0);
  expect(await persistence.ask()).toBe(true);
  expect(browser.asks).toBe(1);
  persistence.forget();
  expect(browser.wasAsked).toBe(false);
});
