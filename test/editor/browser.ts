import { existsSync } from 'node:fs';
import { execa } from 'execa';
import { type Browser, chromium } from 'playwright-core';
import { skip } from '../skip.ts';

const CHROMIUM = '/usr/bin/chromium';

/** Starts Chromium, installed by apt where that is ours to do; skips the test or suite where it cannot be had. */
export async function needBrowser(context: Mocha.Context): Promise<Browser> {
  const obstacle = await noBrowser();
  if (obstacle !== undefined) skip(context, obstacle);
  return launchBrowser();
}

/** Why there can be no Chromium here; undefined where there is one, or was one installed now. */
export async function noBrowser(): Promise<string | undefined> {
  return existsSync(CHROMIUM) ? undefined : installChromium();
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      // Containers have neither the namespaces for a sandbox nor a large /dev/shm; only our own pages are opened.
      '--no-sandbox',
      '--disable-dev-shm-usage',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** @returns why it cannot be had, if so */
async function installChromium(): Promise<string | undefined> {
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) {
    return `there is no ${CHROMIUM}, and only root on Debian can install it here (apt-get install chromium)`;
  }
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, reject: false, stdin: 'ignore' } as const;
  await execa('apt-get', ['update', '-qq'], options);
  const result = await execa('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], options);
  if (result.exitCode === 0 && existsSync(CHROMIUM)) return undefined;
  return `there is no ${CHROMIUM}, and apt-get could not install it: ${result.stderr.split('\n')[0] ?? ''}`;
}
