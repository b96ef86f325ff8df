import { leanHeap } from './leanHeap.ts';
import { leanMalloc } from './leanMalloc.ts';

// Imported before everything else: what has grown while the rest is loaded stays so.
if (['mcp', 'serve'].includes(process.argv[2] ?? '')) {
  leanMalloc();
  leanHeap();
}
