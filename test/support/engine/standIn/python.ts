/** `python3 -c SCRIPT MODEL PATTERNS`, as fetching runs it: the hub's bars and, where STAND_IN_HUB is "gone", its failure. */
export function python3(args: readonly string[]): void {
  if (process.env.STAND_IN_HUB === 'gone') {
    console.error(
      `huggingface_hub.errors.LocalEntryNotFoundError: An error happened while trying to locate the files on the Hub and we cannot find the appropriate snapshot folder for ${args[2]}.`,
    );
    process.exit(1);
  }
  for (const [step, percent] of [0, 33, 67, 100].entries()) {
    setTimeout(
      () => process.stderr.write(`\rFetching 3 files: ${String(percent).padStart(3)}%|  | ${step}/3`),
      step * 150,
    );
  }
  // It goes on until it is ended.
  if (process.env.STAND_IN_HUB === 'slow') setInterval(() => {}, 1000);
}
