/**
 * How a process that stays keeps little of what it does not need any more, where the C library is glibc: few heaps, and
 * large pieces given back. On its own, glibc has one for each thread, and after the first large piece it gives back none: with
 * 100,000 files 70 MB lay idle. It reads this when a process starts, and never again.
 * https://man7.org/linux/man-pages/man3/mallopt.3.html
 */
export const LEAN_MALLOC: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
};

/** Node's, since 22.15: https://nodejs.org/api/process.html#processexecvefile-args-env */
type WithExecve = Partial<{ execve(file: string, args: readonly string[], env: NodeJS.ProcessEnv): never }>;

/** Says that the settings are ours. glibc takes its own out of the environment of a program with capabilities. */
export const BEGUN_ANEW = 'CONCLAVE_BEGUN_ANEW';

/**
 * Has this process begin anew with these settings, where it can and nobody has set one; else it goes on as it is. To be called
 * before anything else. Programs that it starts do not get them.
 */
export function leanMalloc(): void {
  const { platform, env, execPath, execArgv, argv, channel, versions } = process;
  const ours = { ...LEAN_MALLOC, [BEGUN_ANEW]: '1' };
  if (env[BEGUN_ANEW] !== undefined) {
    for (const name of Object.keys(ours)) delete env[name];
    return;
  }
  // An editor's Node has a malloc of its own, and who holds the other end of a channel would lose it.
  if (platform !== 'linux' || versions.electron !== undefined || channel !== undefined) return;
  if (Object.keys(LEAN_MALLOC).some((name) => env[name] !== undefined)) return;
  (process as WithExecve).execve?.(execPath, [execPath, ...execArgv, ...argv.slice(1)], { ...env, ...ours });
}
