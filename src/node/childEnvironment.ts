/** Variables that no child process may see, beside those that `looksSecret` knows by their shape. */
const WITHHELD: ReadonlySet<string> = new Set([
  'CONCLAVE_API_KEY',
  'CONCLAVE_TOKEN',
  'CONCLAVE_STORE',
  'REDIS_PASSWORD',
  'HF_TOKEN',
  // Set while git runs a hook: with them every git command in a copy would write the user's index.
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_COMMON_DIR',
  'GIT_OBJECT_DIRECTORY',
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_NAMESPACE',
  'GIT_PREFIX',
  // Signs for whoever asks.
  'SSH_AUTH_SOCK',
  // The editor's, for its own Node: an Electron project's tests would be led astray.
  'ELECTRON_RUN_AS_NODE',
]);

const looksSecret = /(TOKEN|SECRET|PASSWORD|PASSPHRASE|API_?KEY|_KEY|_PAT|_PASS|_PWD|CREDENTIALS?)$|^GIT_TRACE/i;

/** A URL with a password in it, such as a database's. */
const holdsPassword = /:\/\/[^/\s:@]*:[^/\s@]+@/;

/** Switches against phoning home, and for plain output. They win over what the user has set: zero egress is a promise. */
const SWITCHES: Readonly<Record<string, string>> = {
  CI: 'true',
  NO_COLOR: '1',
  FORCE_COLOR: '0',
  // Everybody who honours the common ones.
  DO_NOT_TRACK: '1',
  NO_UPDATE_NOTIFIER: '1',
  DISABLE_TELEMETRY: '1',
  // JavaScript.
  npm_config_update_notifier: 'false',
  npm_config_audit: 'false',
  npm_config_fund: 'false',
  npm_config_offline: 'true',
  COREPACK_ENABLE_NETWORK: '0',
  COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
  YARN_ENABLE_TELEMETRY: '0',
  YARN_ENABLE_NETWORK: '0',
  NEXT_TELEMETRY_DISABLED: '1',
  ASTRO_TELEMETRY_DISABLED: '1',
  GATSBY_TELEMETRY_DISABLED: '1',
  NUXT_TELEMETRY_DISABLED: '1',
  STORYBOOK_DISABLE_TELEMETRY: '1',
  NG_CLI_ANALYTICS: 'false',
  TURBO_TELEMETRY_DISABLED: '1',
  CHECKPOINT_DISABLE: '1',
  // Python.
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  PIP_NO_INDEX: '1',
  UV_OFFLINE: '1',
  HF_HUB_OFFLINE: '1',
  HF_HUB_DISABLE_TELEMETRY: '1',
  // Go. A private module would be fetched past GOPROXY, so GONOPROXY is set too.
  GOPROXY: 'off',
  GONOPROXY: 'none',
  GOTOOLCHAIN: 'local',
  GOTELEMETRY: 'off',
  // Others.
  CARGO_NET_OFFLINE: 'true',
  DOTNET_CLI_TELEMETRY_OPTOUT: '1',
  DOTNET_NOLOGO: '1',
  HOMEBREW_NO_ANALYTICS: '1',
  HOMEBREW_NO_AUTO_UPDATE: '1',
};

/**
 * The environment of a child process: ours without secrets, with the switches against phoning home, then `extra`.
 * Names are compared without regard to case, as Windows and npm do, so that no older spelling wins.
 */
export function childEnvironment(
  ours: Readonly<Record<string, string | undefined>>,
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const set = { ...SWITCHES, ...extra };
  const overridden = new Set(Object.keys(set).map((name) => name.toLowerCase()));
  const kept = Object.entries(ours).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      !WITHHELD.has(entry[0].toUpperCase()) &&
      !looksSecret.test(entry[0]) &&
      !holdsPassword.test(entry[1]) &&
      !overridden.has(entry[0].toLowerCase()),
  );
  return { ...Object.fromEntries(kept), ...set };
}
