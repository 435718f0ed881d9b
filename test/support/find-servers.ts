/** Before all tests: which servers there are is found out once, and not by every file. */
import { installedServers } from './servers.ts';

export function setup(): void {
  process.env['SLOTCTL_TEST_SERVERS'] = JSON.stringify(installedServers());
}
