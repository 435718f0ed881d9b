/**
 * Where `fix` comes in: looks, takes the census and plans, as its command does. While it is not there, what only it can
 * mend is looked at for losses, and left as it is.
 */
import type { Decide } from './scenarios.ts';

export const decideFix: Decide | undefined = undefined as Decide | undefined;
