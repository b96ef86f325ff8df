#!/usr/bin/env node
import './node/leanServer.ts';

// Loaded only now, when it is set how this process uses memory.
await import('./terminal/program.ts');
