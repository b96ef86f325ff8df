import type { Processes } from '../core/ports.ts';

/** Processes that can be waited for: a server that ends leaves none behind. */
export function openWork(processes: Processes): { processes: Processes; settled(): Promise<void> } {
  const running = new Set<Promise<unknown>>();
  return {
    processes: {
      run(argv, options) {
        const process = processes.run(argv, options);
        running.add(process);
        const forget = (): void => void running.delete(process);
        process.then(forget, forget);
        return process;
      },
    },
    async settled() {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}
