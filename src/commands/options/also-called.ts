/** Options by other names: those of redis-cli and valkey-cli. */
import { Option } from 'commander';

/** Takes no value, and is left out of the help. `meant`: the flag that it stands for, as commands read it. */
export function alsoCalled(name: `--${string}`, meant: string): Option {
  return new Option(name).implies({ [meant]: true }).hideHelp();
}
