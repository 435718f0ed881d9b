/** What every command that changes something is told: whether to ask, what to print, how long to wait. */

import type { Command } from 'commander';
import type { ExecuteOptions } from '../../live/execute.ts';
import type { Moving } from '../../live/move/passages.ts';
import type { FleetOptions } from '../context.ts';
import { alsoCalled } from './also-called.ts';
import { seconds } from './numbers.ts';

const JOIN_TIMEOUT_SECONDS = 60;

export interface ConsentFlags {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export interface ChangeFlags extends ConsentFlags {
  readonly joinTimeout: number;
  readonly waitCopies?: boolean;
}

export interface ConsentOptions {
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}

export interface ChangeOptions extends FleetOptions, ConsentOptions {
  readonly joinTimeoutMs: number;
  /** Also copies that need not be whole for the work to be done. */
  readonly waitsForCopies?: boolean;
  /** For plans that move slots. */
  readonly moving?: Omit<Moving, 'isStopping'>;
  /** For plans that mend. */
  readonly mending?: ExecuteOptions['mending'];
  /** Told when the person wants an end soon. */
  readonly onStopping?: () => void;
  /** Where the plan is to be written instead of being carried out. */
  readonly planFile?: string;
}

export function addConsentOptions(command: Command): Command {
  return command
    .option('-y, --yes', 'do not ask')
    .addOption(alsoCalled('--cluster-yes', 'yes'))
    .option('--dry-run', 'show what would be done, and do nothing')
    .option('--json', 'print one JSON object per line');
}

export function addChangeOptions(command: Command): Command {
  return addConsentOptions(command).option(
    '--join-timeout <seconds>',
    'how long nodes may take to agree, and how long a copy may make no progress',
    seconds,
    JOIN_TIMEOUT_SECONDS,
  );
}

/** For commands that are done before replicas have copied the data of their new primaries. */
export function addWaitCopiesOption(command: Command): Command {
  return command.option('--wait-copies', 'wait until replicas have copied all data of their new primaries');
}

export function consentOptions(flags: ConsentFlags): ConsentOptions {
  return {
    yes: flags.yes === true,
    dryRun: flags.dryRun === true,
    json: flags.json === true,
  };
}

export function changeOptions(flags: ChangeFlags): Omit<ChangeOptions, keyof FleetOptions> {
  return {
    ...consentOptions(flags),
    joinTimeoutMs: flags.joinTimeout * 1000,
    waitsForCopies: flags.waitCopies === true,
  };
}
