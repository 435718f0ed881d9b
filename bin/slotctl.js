#!/usr/bin/env node
import { main, systemTerminal } from '../dist/slotctl.js';

process.exitCode = await main(process.argv, systemTerminal());
// Everything is written and closed by now. What may be left is a look-up of a host name, which cannot be called off.
setTimeout(() => process.exit(), 100).unref();
