/** How far moves have come, for the line that is shown meanwhile and the one that stays. */
import type { SlotMove, Step } from '../plan/step.ts';
import { movedLine, remainingText } from '../report/moves.ts';
import type { NodeNames } from '../report/names.ts';

interface Count {
  slots: number;
  keys: number;
}

export class MoveProgress {
  readonly #nowMs: () => number;
  readonly #counts = new Map<Step, Count>();
  #total = 0;
  #beganAt = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  begin(stage: readonly Step[]): void {
    this.#beganAt = this.#nowMs();
    this.#total = stage.reduce((sum, step) => sum + (step.kind === 'move-slots' ? step.slots.size : 0), 0);
  }

  moved(step: Step, slots: number, keys: number): void {
    const before = this.#counts.get(step) ?? { slots: 0, keys: 0 };
    this.#counts.set(step, { slots: before.slots + slots, keys: before.keys + keys });
  }

  /** Of all moves together, with what is left at the speed so far. */
  get text(): string {
    const sum = { slots: 0, keys: 0 };
    for (const { slots, keys } of this.#counts.values()) {
      sum.slots += slots;
      sum.keys += keys;
    }
    return remainingText({ ...sum, of: this.#total, ms: this.#nowMs() - this.#beganAt });
  }

  line(move: SlotMove & Step, names: NodeNames): string {
    const { slots, keys } = this.#counts.get(move) ?? { slots: 0, keys: 0 };
    return movedLine(move, { slots, keys, of: move.slots.size, ms: this.#nowMs() - this.#beganAt }, names);
  }
}
