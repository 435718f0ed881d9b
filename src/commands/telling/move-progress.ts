/** How far moves have come, for the lines that are shown meanwhile and the one that stays. */
import type { MoveStep, Plan } from '../../plan/step.ts';
import { movedLine, movingLine } from '../../report/text/moves.ts';
import type { NodeNames } from '../../report/text/names.ts';
import { SlotSet } from '../../topology/slot-set.ts';

interface Count {
  readonly slots: SlotSet;
  readonly keys: number;
  readonly beganAt: number;
}

/** More would push the rest off the screen. */
const MOST_LINES = 8;

export class MoveProgress {
  readonly #nowMs: () => number;
  /** Moves of which something has gone and something is left. */
  readonly #underWay = new Map<MoveStep, Count>();
  #stageBeganAt = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  beginStage(): void {
    this.#stageBeganAt = this.#nowMs();
  }

  moved(move: MoveStep, slots: SlotSet, keys: number): void {
    const before = this.#count(move);
    this.#underWay.set(move, { ...before, slots: before.slots.union(slots), keys: before.keys + keys });
  }

  /** One line for each move that is under way. */
  text(plan: Plan, names: NodeNames): string {
    const moves = [...this.#underWay.keys()];
    const lines = moves.slice(0, MOST_LINES).map(move => movingLine(plan, move, this.#of(move), names));
    const more = moves.length - lines.length;
    return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n  ');
  }

  /** Of one that is done. */
  finished(move: MoveStep, names: NodeNames): string {
    const line = movedLine(move, this.#of(move), names);
    this.#underWay.delete(move);
    return line;
  }

  #count(move: MoveStep): Count {
    return this.#underWay.get(move) ?? { slots: SlotSet.empty, keys: 0, beganAt: this.#stageBeganAt };
  }

  #of(move: MoveStep) {
    const { slots, keys, beganAt } = this.#count(move);
    return { slots: slots.size, keys, of: move.slots.size, ms: this.#nowMs() - beganAt };
  }
}
