import { setFlagsFromString } from 'node:v8';

// V8 asks for these flags whenever it collects, grows or compiles, so they can be set while a process runs:
// https://nodejs.org/api/v8.html#v8setflagsfromstringflags

/** Times as large as it was is what the room for new objects becomes when much of it lives on; at most 32 MB. */
let growth = 2;
let isLean = false;

/**
 * Has this process get by with less memory, for one that stays while nobody looks at it, and shares the machine with models.
 * To be called first: what the room for new objects has grown to, it stays.
 */
export function leanHeap(): void {
  isLean = true;
  // What is not needed any more is collected when the heap has grown by a twentieth, and not when it is four times as large.
  setFlagsFromString('--heap-growing-percent=5');
  // And sooner: 30 MB less at most with 100,000 files, where what looks at all of them takes up to half as long again.
  setFlagsFromString('--optimize-for-size');
  // It becomes a few megabytes while the program is loaded, and no more.
  setGrowth();
  setImmediate(() => {
    growth = 1;
    setGrowth();
  });
  // Each isolate that is made sets it for the whole process: Heap::ConfigureHeap in
  // https://github.com/v8/v8/blob/11.3.244/src/heap/heap.cc
  process.on('worker', (worker) => {
    const again = setInterval(setGrowth, 1).unref();
    // One that ends before it is online never is.
    for (const event of ['online', 'exit']) {
      worker.once(event, () => {
        clearInterval(again);
        setGrowth();
      });
    }
  });
  // A grammar's parser is good enough as it is compiled first. The compiler that makes it a third quicker keeps 18 MB for
  // each of four threads.
  setFlagsFromString('--no-wasm-tier-up');
  setFlagsFromString('--no-wasm-dynamic-tiering');
}

/** For a process that turns out to have little in memory: it collects less often, and answers sooner. */
export function easeHeap(): void {
  isLean = false;
  growth = 2;
  setGrowth();
  setFlagsFromString('--heap-growing-percent=100');
  setFlagsFromString('--no-optimize-for-size');
}

/** Whether this process has to get by with less memory: then it does not do for speed alone what takes much. */
export function hasLeanHeap(): boolean {
  return isLean;
}

function setGrowth(): void {
  setFlagsFromString(`--semi-space-growth-factor=${growth}`);
}
