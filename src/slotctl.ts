/** What bin/slotctl.js needs, in one bundle. */
export { main } from './main.ts';
export { systemTerminal } from './terminal.ts';
