import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { endMarked, markedWith } from "./marked-processes.ts";
import { groupGone, signalGroup } from "./process-group.ts";

/** Starts a child that leads a group of its own, says its pid, and waits like its child. */
const PARENT = `
  const { spawn } = require("node:child_process");
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { detached: true, stdio: "ignore" });
  console.log(child.pid);
  setInterval(() => {}, 1000);`;

test("a step's processes are found after their parent was killed", async () => {
  const mark = crypto.randomUUID();
  const env = { ...process.env, ...markedWith(mark) };
  const parent = spawn(process.execPath, ["-e", PARENT], { env, stdio: ["ignore", "pipe", "ignore"] });
  const [text] = (await once(parent.stdout, "data")) as [Buffer];
  const orphan = Number(text.toString().trim());
  parent.kill("SIGKILL");
  await once(parent, "exit");
  expect(endMarked(crypto.randomUUID())).toEqual([]);
  // Elsewhere nobody can look into the environment of a process.
  expect(endMarked(mark)).toEqual(process.platform === "linux" ? [orphan] : []);
  signalGroup(orphan, "SIGKILL");
  await groupGone(orphan);
  expect(endMarked(mark)).toEqual([]);
});
