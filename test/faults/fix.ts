/** Where `fix` comes in: looks, takes the census and plans, as its command does. */
import { decideOnRound } from '../../src/commands/fix.ts';
import type { Decide } from './scenarios.ts';

const WISHES = { searchOwners: true, withUnreachable: false };

export const decideFix: Decide = async fleet => (await decideOnRound(fleet, { wishes: WISHES })).decision;
