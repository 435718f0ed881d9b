/** What every command is given, and how a command ends. */
import { FileError } from '../live/files/whole-file.ts';
import type { Fleet, FleetSettings } from '../resp/fleet.ts';
import type { Terminal } from '../terminal.ts';
import { InputError } from '../topology/input-error.ts';
import type { Conventions } from './classic/translation.ts';
import { endOnInterrupt, type FirstInterrupt } from './interrupt.ts';

/** The table is in the README and at the end of --help. */
export const EXIT = {
  done: 0,
  problems: 1,
  usage: 2,
  unreachable: 3,
  refused: 4,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface Context {
  readonly terminal: Terminal;
  /** Whose habits are kept; absent: our own. */
  readonly conventions?: Conventions;
  /** Called as a classic tool: what that does without a question is done without one. */
  readonly isTheirTool?: boolean;
  /** With trace on, everything that goes over the wire is told to stderr. */
  openFleet(settings: FleetSettings, trace: boolean): Fleet;
  nowMs(): number;
  /** Told by a command when its work is over. */
  finish(code: ExitCode): void;
}

/** The command line asks for something that cannot be meant. */
export class UsageError extends Error {}

/** What the person wrote, or named, and cannot be used is wrong usage, whichever room finds out. */
export async function asUsage<T>(read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const wrong = error instanceof InputError || error instanceof FileError;
    throw wrong ? new UsageError(error.message) : error;
  }
}

export interface FleetOptions {
  readonly fleet: FleetSettings;
  readonly trace: boolean;
}

/** Lends a fleet to the work, and ends its connections whatever comes of it, an interruption among it. */
export async function withFleet<T>(
  context: Context,
  options: FleetOptions & FirstInterrupt,
  work: (fleet: Fleet) => Promise<T>,
): Promise<T> {
  const fleet = context.openFleet(options.fleet, options.trace);
  const stopListening = endOnInterrupt(fleet, context.terminal, options);
  try {
    return await work(fleet);
  } finally {
    stopListening();
    fleet.close();
  }
}
