/**
 * A group of two members and one partition on small bounds: the machine and the partition's rule as the edge runs them;
 * members as the client has them; and a network that loses, doubles, delays and reorders. Time stands still: that
 * somebody's session is over is a step of its own.
 */
import { GroupMachine } from "../../edge/group/group-machine.ts";
import { fromSnapshot } from "../../edge/group/group-snapshot.ts";
import type { Model, Step } from "./explore.ts";
import { offsetOf } from "./group-cell.ts";
import { onShelf, shelve, type ModelMember, type ModelState } from "./group-state.ts";
import { beatOf, preferring, World, type GroupRules } from "./group-world.ts";

export interface GroupScenario {
  readonly budget: Partial<ModelState["budget"]>;
  /** Records of the partition. */
  readonly records?: number;
  readonly epochMax?: number;
  /** Nobody was granted anything yet. */
  readonly isFresh?: boolean;
  readonly rules?: Partial<GroupRules>;
}

const SOUND: GroupRules = { checksOwner: true, checksCounter: true, isFenced: true, isWrittenFirst: true };
const NONE = { moves: 0, expiries: 0, crashes: 0, evictions: 0, losses: 0, doubles: 0, drops: 0 };

type Emit = (label: string, change: (world: World) => void, isFault?: boolean) => void;

export function groupModel(scenario: GroupScenario): Model<ModelState> {
  const { records = 1, epochMax = 9, isFresh = false } = scenario;
  const rules = { ...SOUND, ...scenario.rules };
  return {
    initial: () => started({ ...NONE, ...scenario.budget }, { rules, rounds: isFresh ? 1 : 3 }),
    isGoal: (state) => offsetOf(state.cell) === records || state.group.epoch > epochMax,
    *steps(state) {
      if (state.group.epoch > epochMax) return;
      const steps: Step<ModelState>[] = [];
      const text = JSON.stringify(state);
      const emit: Emit = (label, change, isFault = false) => {
        const world = new World(JSON.parse(text) as ModelState, rules);
        change(world);
        world.finish();
        steps.push({ label, next: world.state, violations: world.violations, fault: isFault });
      };
      for (const [index, member] of state.members.entries()) stepsOfMember({ emit, state, index, member, records });
      stepsOfGroup(emit, state, rules);
      for (const message of state.net) stepsOfMessage(emit, state, message);
      yield* steps;
    },
  };
}

function started(
  budget: ModelState["budget"],
  { rules, rounds }: { readonly rules: GroupRules; readonly rounds: number },
): ModelState {
  const member = (): ModelMember => ({ life: 1, epoch: 0, owns: "no", pos: 0, sent: 0, commit: 0 });
  const machine = new GroupMachine(1, { assignors: [preferring(0)] });
  machine.tick(0);
  const state: ModelState = {
    group: { epoch: 0, members: [], slots: [], others: [], writesReleases: false },
    durable: shelve(machine.snapshot()),
    cell: null,
    members: [member(), member()],
    preferred: 0,
    net: [],
    budget,
    told: {},
    owner: null,
    processed: 0,
  };
  const world = new World(state, rules, fromSnapshot(onShelf(state.durable)));
  for (const message of ["HB|0.1|0|0|1", "HB|1.1|0|0|1"]) world.heartbeat(message);
  world.pushFences();
  for (let round = 0; round < rounds; round += 1) {
    for (const index of [0, 1]) {
      world.beat(index);
      for (const message of [...world.state.net]) {
        if (!message.startsWith("HB")) continue;
        world.take(message);
        world.heartbeat(message);
      }
      for (const message of [...world.state.net]) if (message.startsWith("HR")) world.hear(message);
    }
    for (const message of [...world.state.net]) if (message.startsWith("FE")) world.fence(message);
    for (const message of [...world.state.net]) if (message.startsWith("FA")) world.fenced(message);
  }
  world.state.net = [];
  world.finish();
  return world.state;
}

interface OfMember {
  readonly emit: Emit;
  readonly state: ModelState;
  readonly index: number;
  readonly member: ModelMember;
  readonly records: number;
}

function stepsOfMember({ emit, state, index, member, records }: OfMember): void {
  const name = `${index}.${member.life} e${member.epoch} ${member.owns}`;
  const beat = beatOf(index, member);
  const life = `${index}.${member.life}|`;
  const isWaiting = state.net.some(
    (message) => /^H[BR].*/.test(message) && message.slice(3).startsWith(life) && !message.endsWith("|0"),
  );
  if (!isWaiting) emit(`beat(${name})`, (world) => world.beat(index));
  else if (state.budget.losses > 0 && !state.net.includes(beat))
    emit(`BEAT AGAIN(${name})`, (world) => ((world.state.budget.losses -= 1), world.beat(index)), true);
  if (member.owns === "own" && member.pos < records) {
    emit(`process(${name} offset ${member.pos})`, ({ state: next }) => {
      next.processed |= 1 << member.pos;
      next.members[index]!.pos += 1;
    });
  }
  const isCommitting = state.net.some((message) => message.startsWith(`CO|${life}`));
  const isUnknown = member.sent > offsetOf(state.cell) && !isCommitting;
  if (member.owns !== "no" && (member.pos > member.sent || isUnknown))
    emit(`commit(${name} offset ${member.pos})`, (world) => world.commit(index));
  if (member.owns === "leaving") emit(`release(${name})`, ({ state: next }) => (next.members[index]!.owns = "no"));
  // It lets go once its commits are settled, one way or another.
  if (member.owns === "own" && state.budget.drops > 0 && !isCommitting)
    emit(`DROP(${name})`, ({ state: next }) => ((next.budget.drops -= 1), (next.members[index]!.owns = "no")), true);
  if (state.budget.crashes > 0)
    emit(`CRASH(${name})`, (world) => ((world.state.budget.crashes -= 1), world.rejoin(index)), true);
}

function stepsOfGroup(emit: Emit, state: ModelState, rules: GroupRules): void {
  const lives = state.members.map(({ life }, index) => `${index}.${life}`);
  for (const { id } of state.group.members) {
    const isGone = !lives.includes(id);
    if (isGone || state.budget.expiries > 0)
      emit(
        `EXPIRE(${id})`,
        (world) => {
          if (!isGone) world.state.budget.expiries -= 1;
          world.expire(id);
        },
        !isGone,
      );
  }
  if (state.budget.moves > 0)
    emit(`MOVE(to ${1 - state.preferred})`, (world) => ((world.state.budget.moves -= 1), world.move()), true);
  if (state.budget.evictions > 0)
    emit("EVICT(group)", (world) => ((world.state.budget.evictions -= 1), world.evict()), true);
  if (!rules.isWrittenFirst) emit("write(group)", (world) => world.write());
  for (const slot of state.group.slots)
    if (slot.phase === "sent" && !state.net.some((message) => /^F[EA].*\|1$/.test(message)))
      emit("unreached(fence)", (world) => world.unreached());
}

function stepsOfMessage(emit: Emit, state: ModelState, message: string): void {
  const kinds: Record<string, (world: World) => void> = {
    HB: (world) => world.heartbeat(message),
    HR: (world) => world.hear(message),
    FE: (world) => world.fence(message),
    FA: (world) => world.fenced(message),
    CO: (world) => world.committed(message),
  };
  const deliver = kinds[message.slice(0, 2)]!;
  emit(`take(${message})`, (world) => (world.take(message), deliver(world)));
  if (state.budget.losses > 0)
    emit(`LOSE(${message})`, (world) => ((world.state.budget.losses -= 1), world.take(message)), true);
  if (state.budget.doubles > 0 && /^(HB|FE|CO)/.test(message))
    emit(
      `DOUBLE(${message})`,
      (world) => {
        world.state.budget.doubles -= 1;
        world.take(message);
        deliver(world);
        // The copy's answer reaches nobody.
        world.put(message.startsWith("CO") ? message : message.replace(/\|1$/, "|0"));
      },
      true,
    );
}
