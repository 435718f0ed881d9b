#!/usr/bin/env node
import { main, systemTerminal } from '../dist/slotctl.js';

process.exitCode = await main(process.argv, systemTerminal());
