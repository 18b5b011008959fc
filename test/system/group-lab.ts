/** Tabs that are members of one group at the edge, and what each of them handled. */
import type { Page } from "puppeteer-core";
import { Strandline } from "../../client/http.ts";
import type { CommitOffsets, CommittedOffsets, GroupDescription, GroupOffsets } from "../../shared/api/groups.ts";
import { bundlePage } from "../harness/bundle-page.ts";
import type { Workerd } from "../harness/workerd.ts";
import type { Handled, JoinSettings, MemberState } from "./group-page.ts";
import { TabsLab, until } from "./tabs-lab.ts";

const PAGE = `<!doctype html><title>member</title><script type="module" src="group-page.js"></script>`;
export const PARTITIONS = 6;
export const ALL: readonly number[] = Array.from({ length: PARTITIONS }, (_, partition) => partition);
/** Of tabs whose session is to end: not before a tab is heard of that is only slow. */
export const SESSION_MS = 12_000;
/** Of all others: no test lasts as long. */
const LONG_SESSION_MS = 300_000;
const TOPIC = "shared";
const GROUP = "group";

export interface Tab {
  readonly name: string;
  readonly page: Page;
}

export class GroupLab {
  readonly tabs: TabsLab;
  readonly client: Strandline;
  #broker: Workerd;

  private constructor(tabs: TabsLab) {
    this.tabs = tabs;
    this.#broker = tabs.broker;
    this.client = new Strandline({ url: tabs.broker.url });
  }

  static async open(): Promise<GroupLab> {
    const page = await bundlePage({ entry: "test/system/group-page.ts" });
    const files = new Map([
      ["group-page.js", page.get("group-page.js") ?? ""],
      ["group.html", PAGE],
    ] as const);
    const tabs = await TabsLab.open(files);
    const lab = new GroupLab(tabs);
    await lab.tabs.front.evaluate(() => {
      window.memberHandled = [];
      new BroadcastChannel("member-handled").onmessage = ({ data }: MessageEvent<Handled>) =>
        window.memberHandled.push(data);
    });
    await lab.client.admin().createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS }] });
    return lab;
  }

  /** `direct`: not through the proxy, and so a device of its own. */
  async join(
    name: string,
    { direct = false, ...more }: Partial<JoinSettings> & { direct?: boolean } = {},
  ): Promise<Tab> {
    const page = await this.tabs.browser.newPage();
    const edge = direct ? this.tabs.broker.url : this.tabs.proxy.url;
    await page.goto(`${this.tabs.server.url}/group.html?tab=${name}&edge=${encodeURIComponent(edge)}`);
    await page.waitForFunction(() => "group" in window);
    const settings = { topic: TOPIC, group: GROUP, sessionTimeout: LONG_SESSION_MS, ...more };
    await page.evaluate(async (asked) => await window.group.join(asked), settings);
    return { name, page };
  }

  async send(
    messages: readonly { readonly value: string; readonly key?: string; readonly partition?: number }[],
  ): Promise<void> {
    await this.client.producer().send({ topic: TOPIC, messages: [...messages], acks: -1 });
  }

  /** So many to each partition. */
  async sendEach(count: number): Promise<void> {
    await this.send(
      ALL.flatMap((partition) => Array.from({ length: count }, (_, at) => ({ partition, value: `v${at}` }))),
    );
  }

  async handled(from = 0): Promise<Handled[]> {
    return await this.tabs.front.evaluate((at) => window.memberHandled.slice(at), from);
  }

  /** How many different records were handled. */
  async union(): Promise<number> {
    return await this.tabs.front.evaluate(
      () => new Set(window.memberHandled.map(({ partition, offset }) => `${partition}@${offset}`)).size,
    );
  }

  async untilHandled(count: number, withinMs = 40_000): Promise<void> {
    await until(`${count} records are handled`, async () => (await this.union()) >= count, withinMs);
  }

  async state({ page }: Tab): Promise<MemberState> {
    return await page.evaluate(() => window.group.state());
  }

  async untilOwning(tab: Tab, count: number, withinMs = 30_000): Promise<void> {
    const isSo = async (): Promise<boolean> => (await this.state(tab)).owned.length === count;
    await until(`${tab.name} owns ${count}`, isSo, withinMs).catch(async (error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify(await this.state(tab))}`);
    });
  }

  /** By partition; 0: nothing is committed. */
  async committed(): Promise<number[]> {
    const answer = await fetch(`${this.tabs.broker.url}/v1/groups/${GROUP}/offsets`);
    const { offsets } = (await answer.json()) as GroupOffsets;
    return ALL.map((partition) => offsets.find((one) => one.partition === partition)?.committed?.offset ?? 0);
  }

  async describe(): Promise<GroupDescription> {
    return (await (await fetch(`${this.tabs.broker.url}/v1/groups/${GROUP}`)).json()) as GroupDescription;
  }

  /** What each partition says to a commit of that member, as if it came late. */
  async commitLate({ memberId, epoch }: MemberState, offset: number): Promise<(string | null)[]> {
    const { topics } = await this.describe();
    const topicId = topics[0]?.topicId;
    if (topicId === undefined) throw new Error("the group has no topic");
    const offsets = ALL.map((partition) => ({ topicId, partition, offset }));
    const body: CommitOffsets = { memberId, memberEpoch: epoch, commit: 1_000_000, offsets };
    const url = `${this.tabs.broker.url}/v1/groups/${GROUP}/offsets`;
    const answer = await fetch(url, { method: "POST", body: JSON.stringify(body) });
    return ((await answer.json()) as CommittedOffsets).offsets.map(({ error }) => error?.code ?? null);
  }

  async crash({ page }: Tab): Promise<void> {
    const devtools = await page.createCDPSession();
    devtools.send("Page.crash").catch(() => undefined);
  }

  async restartBroker(): Promise<void> {
    await this.#broker.kill();
    this.#broker = await this.#broker.restart();
  }

  async close(): Promise<void> {
    await this.client.close();
    if (this.#broker !== this.tabs.broker) await this.#broker.kill();
    await this.tabs.close();
  }
}

/** How many times a record was handled once more. */
export function duplicatesIn(handled: readonly Handled[]): number {
  return handled.length - new Set(handled.map(({ partition, offset }) => `${partition}@${offset}`)).size;
}
