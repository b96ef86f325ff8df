/**
 * Files that are there to hold secrets, known by their names. Few false alarms: a file that may hold one (`.npmrc`,
 * `config.json`) is read, and what is a secret in it is masked.
 */

interface Known {
  kind: string;
  pattern: RegExp;
  /** There are some that are written to be shared: they say which settings there are, and hold none. */
  mayBeExample?: true;
}

/** What a name of the last part of a path is held against, all in lower case. */
const BY_NAME: readonly Known[] = [
  { kind: 'environment settings', mayBeExample: true, pattern: /^\.env(?:[._~-].*)?$|^\.envrc$|\.env$/ },
  {
    kind: 'a private key',
    pattern:
      /^id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?(?:[._-](?!pub$).*)?$|\.(?:pem|key|p8|p12|pfx|pkcs12|ppk|pvk|jks|jceks|keystore|keytab|agekey)$|^secring\.gpg$/,
  },
  {
    kind: 'passwords',
    pattern: /\.kdbx?$|^[._]netrc$|^\.pgpass$|^pgpass\.conf$|^\.my\.cnf$|^\.mylogin\.cnf$|^\.htpasswd$/,
  },
  {
    kind: 'credentials',
    pattern:
      /^\.pypirc$|^\.git-credentials$|^\.dockercfg$|^\.s3cfg$|^\.boto$|^\.?rclone\.conf$|^\.vault-token$|^\.?credentials\.(?:json|tfrc\.json)$|^application_default_credentials\.json$|^service[-_]?account.*\.json$|^client_secrets?.*\.json$|^access_?tokens\.(?:db|json)$|^msal_token_cache.*$|^(?:.+[._-])?kubeconfig$|^kubeconfig\.ya?ml$|\.ovpn$/,
  },
  { kind: 'the state of Terraform', pattern: /\.tfstate(?:\..*)?$/ },
  { kind: 'variables of Terraform', mayBeExample: true, pattern: /\.tfvars(?:\.json)?$/ },
];

/** The same for the last two parts. */
const BY_PLACE: readonly Known[] = [
  {
    kind: 'credentials',
    pattern:
      /(?:^|\/)(?:\.aws\/credentials|\.kube\/config|\.docker\/config\.json|\.gem\/credentials|\.cargo\/credentials(?:\.toml)?|gcloud\/credentials\.db|gh\/hosts\.yml|\.streamlit\/secrets\.toml)$/,
  },
];

const EXAMPLE = /(?:^|[._-])(?:examples?|samples?|templates?|tmpl|dist|defaults|schema|d\.ts)$/;
const EXAMPLE_FIRST = /^(?:examples?|samples?|templates?)[._-]/;

/**
 * What a file of this name is there to hold ("a private key"), where that is a secret; undefined for most names.
 * @param path relative to the workspace, forward slashes
 */
export function secretFileKind(path: string): string | undefined {
  const lower = path.toLowerCase();
  return (
    kindByName(lower.slice(lower.lastIndexOf('/') + 1)) ?? BY_PLACE.find(({ pattern }) => pattern.test(lower))?.kind
  );
}

/** Workspaces have few names and many files, and all of them are asked about whenever they are listed. */
const seen = new Map<string, string | undefined>();
const MOST_SEEN = 20_000;

/** @param lower in lower case */
function kindByName(lower: string): string | undefined {
  if (seen.has(lower)) return seen.get(lower);
  if (seen.size >= MOST_SEEN) seen.clear();
  const name = plainName(lower);
  const known = BY_NAME.find(({ pattern }) => pattern.test(name));
  const isExample =
    known?.mayBeExample === true &&
    (EXAMPLE.test(name.replace(/\.(?:env|tfvars|json)$/, '')) || EXAMPLE_FIRST.test(name));
  const kind = isExample ? undefined : known?.kind;
  seen.set(lower, kind);
  return kind;
}

/** Windows drops dots and spaces at the end of a name, and takes what follows a colon for a stream of the same file. */
function plainName(name: string): string {
  return name.replace(/:.*$/s, '').replace(/[. ]+$/, '');
}
