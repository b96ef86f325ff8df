import { leanHeap } from './node/leanHeap.ts';

// Imported before everything else: what V8 has grown to while the rest is loaded, it keeps.
if (['mcp', 'serve'].includes(process.argv[2] ?? '')) leanHeap();
