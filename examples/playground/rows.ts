/** Lists of records on the page, newest first. Everything a person typed is text, never markup. */
const ROWS_MAX = 200;

export interface RowContent {
  readonly place: string;
  readonly key: string;
  readonly value: string;
  readonly state: "pending" | "committed" | "dead";
}

export class Rows {
  readonly #list: HTMLElement;
  readonly #hint: HTMLElement;

  constructor(list: HTMLElement, hint: HTMLElement) {
    this.#list = list;
    this.#hint = hint;
  }

  /** Returns the row, to be `update`d later. */
  add(content: RowContent): HTMLElement {
    const row = document.createElement("li");
    for (const name of ["place", "key", "value"])
      row.append(Object.assign(document.createElement("span"), { className: name }));
    this.update(row, content);
    this.#list.prepend(row);
    while (this.#list.childElementCount > ROWS_MAX) this.#list.lastElementChild?.remove();
    this.#hint.hidden = true;
    return row;
  }

  update(row: HTMLElement, content: Partial<RowContent>): void {
    const { state, ...texts } = content;
    if (state !== undefined) row.className = state;
    for (const [name, text] of Object.entries(texts)) {
      const cell = row.querySelector(`.${name}`);
      if (cell === null) continue;
      cell.textContent = text;
      cell.setAttribute("title", text);
    }
  }
}
