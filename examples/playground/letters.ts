/** What the edge refused for good: nothing of it is lost, and what becomes of it is for somebody to decide. */
import type { DeadLetter, Strandline } from "strandline";
import { attempt, complain, element } from "./page.ts";
import type { Sent } from "./sent.ts";

/** Listed again after each decision; the client's own events tell of new ones. */
export class Letters {
  readonly #strandline: Strandline;
  readonly #sent: Sent;
  #asked = 0;

  constructor(strandline: Strandline, sent: Sent) {
    this.#strandline = strandline;
    this.#sent = sent;
    strandline.on("record.dead", () => void this.show().catch(complain));
  }

  async show(): Promise<void> {
    const asked = (this.#asked += 1);
    const letters = await this.#strandline.deadLetters.list({ limit: 20 });
    // Somebody has asked since: that answer is the newer one.
    if (asked !== this.#asked) return;
    element("letters").replaceChildren(...letters.map((letter) => this.#row(letter)));
    element("refused").hidden = letters.length === 0;
  }

  #row(letter: DeadLetter): HTMLElement {
    const { deadLetters } = this.#strandline;
    const [first] = letter.messages;
    const row = document.createElement("li");
    row.append(
      cell("place", letter.receipt),
      cell("key", first?.keyText() ?? ""),
      cell("value", letter.error.message),
      this.#button("Retry", async () => {
        for (const receipt of await deadLetters.retry(letter))
          void this.#sent.follow(receipt, { key: first?.keyText() ?? "", value: "tried again" });
      }),
      this.#button("Discard", () => deadLetters.discard(letter)),
    );
    return row;
  }

  #button(name: string, decide: () => Promise<unknown>): HTMLElement {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: name });
    button.addEventListener("click", () =>
      attempt(async () => {
        await decide();
        await this.show();
      }),
    );
    return button;
  }
}

function cell(className: string, text: string): HTMLElement {
  return Object.assign(document.createElement("span"), { className, textContent: text, title: text });
}
