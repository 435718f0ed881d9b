/** What every way of moving slots is given, and what it tells. */

import type { Note } from '../../plan/note.ts';
import type { MoveLimits } from '../../plan/slots/move-settings.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { Member } from '../../topology/agreement.ts';
import type { SlotSet } from '../../topology/slot-set.ts';
import type { KeyCounts } from '../keys/count-keys.ts';
import type { Pace } from '../keys/pace.ts';
import type { RescueFile } from '../keys/rescue-file.ts';
import type { Trip } from '../watch/transfers.ts';
import type { OwnMigrations } from './atomic/own-migrations.ts';

/** Slots that go from one primary to another. */
export interface Passage {
  readonly from: Member;
  /** Known by where the source finds it. */
  readonly to: Required<Member>;
  readonly slots: SlotSet;
  /** The target, started anew, keeps keys in slots that it neither owns nor imports; others delete them. */
  readonly restartKeepsKeys: boolean;
  /** The target counts 0 keys in slots that it neither owns nor imports, whatever it has. */
  readonly targetHidesKeys: boolean;
  /** The servers answer a SETSLOT when their replicas have confirmed it. */
  readonly setSlotWaits: boolean;
  /** Primaries that are told who owns the slots afterwards. */
  readonly others: readonly Member[];
  /** Counts the keys that are at the source now. */
  count(): Promise<KeyCounts>;
  readonly databases: readonly number[];
  /** Memory of the source by its keys. */
  readonly averageBytes: number;
}

export interface MoveRun {
  readonly fleet: Fleet;
  readonly limits: MoveLimits;
  /** Told what has changed its owner. */
  readonly moved: (slots: SlotSet, keys: number) => void;
  /** Told what does not stop the move, and the person should know. */
  readonly note: (note: Note) => void;
  readonly pace: Pace;
  /** For values at the target that are written over; without it, none are. */
  readonly rescue?: RescueFile;
  readonly own: OwnMigrations;
  /** Both ends are watched as long as it takes. */
  readonly trip: Trip;
  readonly nowMs: () => number;
  /** True once nothing new may be begun: what is open is finished, the rest stays where it is. */
  readonly isStopping: () => boolean;
}

/** With the counts, for those who cannot begin without them. */
export interface CountedPassage extends Passage {
  readonly keys: KeyCounts;
}
