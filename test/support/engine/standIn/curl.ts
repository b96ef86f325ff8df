/** `curl -f URL`, at the stand-in's own port: a URL without success is exit code 22, no answer is 7. */
export async function curl(args: readonly string[]): Promise<void> {
  const url = new URL(args.at(-1) ?? '');
  url.hostname = '127.0.0.1';
  if (process.env.STAND_IN_PORT !== undefined) url.port = process.env.STAND_IN_PORT;
  const answer = await fetch(url).catch(() => undefined);
  if (answer === undefined) console.error(`curl: (7) Failed to connect to ${url.host}`);
  else if (!answer.ok) console.error(`curl: (22) The requested URL returned error: ${answer.status}`);
  process.exit(answer === undefined ? 7 : answer.ok ? 0 : 22);
}
