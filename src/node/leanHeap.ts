import { setFlagsFromString } from 'node:v8';

/**
 * Has this process get by with less memory, for one that stays while nobody looks at it, and shares the machine with models.
 * To be called first: V8 asks for these at each collection, and when WebAssembly is compiled.
 * https://nodejs.org/api/v8.html#v8setflagsfromstringflags
 */
export function leanHeap(): void {
  // What is not needed any more is collected when the heap has grown by a third; else it may come to four times what lives.
  setFlagsFromString('--heap-growing-percent=30');
  // New objects have two megabytes, and are collected often. Those grow to 32 otherwise. Each isolate that is made sets that
  // for the whole process: https://github.com/v8/v8/blob/11.3.244/src/heap/heap.cc (Heap::ConfigureHeap)
  keepYoungSmall();
  process.on('worker', (worker) => {
    const again = setInterval(keepYoungSmall, 1);
    worker.once('online', () => clearInterval(again));
  });
  // A grammar's parser is good enough as it is compiled first. The compiler that makes it a third quicker keeps 18 MB for
  // each of four threads.
  setFlagsFromString('--no-wasm-tier-up');
  setFlagsFromString('--no-wasm-dynamic-tiering');
}

function keepYoungSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
