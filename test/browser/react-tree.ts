/** Components in a real tree, under StrictMode, which mounts everything twice; gone after the test. */
import { createElement, StrictMode, type ReactNode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach } from "vitest";

interface Tree {
  readonly root: Root;
  readonly at: HTMLElement;
}

let trees: Tree[] = [];
afterEach(() => {
  for (const { root, at } of trees) {
    root.unmount();
    at.remove();
  }
  trees = [];
});

export function unmountLater(tree: Tree): void {
  trees.push(tree);
}

export function place(): HTMLElement {
  return document.body.appendChild(document.createElement("div"));
}

export function show(element: ReactNode): Tree {
  const at = place();
  const shown = { root: createRoot(at), at };
  unmountLater(shown);
  shown.root.render(createElement(StrictMode, null, element));
  return shown;
}

export const values = ({ at }: { readonly at: HTMLElement }): string => at.textContent ?? "";
