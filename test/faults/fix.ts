/** Where `fix` comes in: looks, takes the census and plans, as its command does. */
import { decideOnRound } from '../../src/commands/fix.ts';
import type { Decide } from './scenarios.ts';

/** Counting keys in all slots of all nodes takes most of the time. */
const searchOwners = process.env['SLOTCTL_FAULTS'] === 'long';
const WISHES = { searchOwners, withUnreachable: false };

export const decideFix: Decide = async fleet => (await decideOnRound(fleet, { wishes: WISHES })).decision;
