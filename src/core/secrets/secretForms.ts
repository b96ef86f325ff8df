/** A form by which the secrets of a maker are known, wherever they stand. */
export interface SecretForm {
  /** Named in the mask: "‹secret: GitHub token›". */
  kind: string;
  /** Global; every repetition in it is bounded or cannot overlap what follows, so that it takes linear time. */
  pattern: RegExp;
  /** One of these is in every such secret, each of at least three characters: to look for them first is quick. */
  hints: readonly string[];
  /** The form alone does not tell it from a name that is written with hyphens: it must look drawn at random, too. */
  random?: true;
}

/** Nothing before it that would make it the middle of a longer word. */
function form(kind: string, hints: string, source: string, random?: true): SecretForm {
  return {
    kind,
    pattern: new RegExp(`(?<![\\w-])${source}`, 'g'),
    hints: hints.split(' '),
    ...(random && { random }),
  };
}

/** The usual makers' keys and tokens: the more particular form comes first. */
export const SECRET_FORMS: readonly SecretForm[] = [
  form('Anthropic key', 'sk-ant-', 'sk-ant-[\\w-]{20,300}'),
  form('OpenRouter key', 'sk-or-', 'sk-or-[\\w-]{20,200}'),
  form('OpenAI key', 'sk-proj- sk-svcacct- sk-admin- sk-None-', 'sk-(?:proj|svcacct|admin|None)-[\\w-]{20,300}'),
  form('API key', 'sk-', 'sk-[\\w-]{20,200}', true),
  form('GitHub token', 'ghp_ gho_ ghu_ ghs_ ghr_', 'gh[pousr]_[A-Za-z0-9]{20,255}'),
  form('GitHub token', 'github_pat_', 'github_pat_\\w{20,255}'),
  form(
    'GitLab token',
    'glpat- gldt- glrt- glcbt- glptt- glft- glsoat- gloas-',
    '(?:glpat|gldt|glrt|glcbt|glptt|glft|glsoat|gloas)-[\\w-]{20,300}',
  ),
  form('Slack token', 'xox', 'xox[abeoprs]-[A-Za-z0-9-]{10,250}'),
  form('Slack token', 'xapp-', 'xapp-[A-Za-z0-9-]{10,250}'),
  form(
    'Slack webhook',
    'hooks.slack.com',
    'https://hooks\\.slack\\.com/(?:services|workflows|triggers)/[\\w/+-]{20,200}',
  ),
  form(
    'Discord webhook',
    '/api/webhooks/',
    'https://(?:\\w{1,10}\\.)?discord(?:app)?\\.com/api/webhooks/\\d{5,25}/[\\w-]{40,120}',
  ),
  form('AWS access key', 'AKIA ASIA ABIA ACCA', '(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])'),
  form('Google key', 'AIza', 'AIza[\\w-]{35}(?![\\w-])'),
  form('Google token', 'ya29.', 'ya29\\.[\\w-]{20,1000}'),
  form('Google secret', 'GOCSPX-', 'GOCSPX-[\\w-]{20,100}'),
  form('Stripe key', '_live_ _test_', '(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,250}'),
  form('Stripe secret', 'whsec_', 'whsec_[A-Za-z0-9+/=]{20,100}'),
  form('npm token', 'npm_', 'npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])'),
  form('PyPI token', 'pypi-', 'pypi-[\\w-]{50,500}'),
  form('RubyGems key', 'rubygems_', 'rubygems_[a-f0-9]{40,64}'),
  form('Docker token', 'dckr_', 'dckr_(?:pat|oat)_[\\w-]{20,100}'),
  form('Hugging Face token', 'hf_ api_org_', '(?:hf|api_org)_[A-Za-z0-9]{30,60}(?![A-Za-z0-9])'),
  form('NVIDIA key', 'nvapi-', 'nvapi-[\\w-]{40,120}'),
  form('Groq key', 'gsk_', 'gsk_[A-Za-z0-9]{40,80}'),
  form('xAI key', 'xai-', 'xai-[A-Za-z0-9]{40,120}'),
  form('Perplexity key', 'pplx-', 'pplx-[A-Za-z0-9]{30,80}'),
  form('Replicate token', 'r8_', 'r8_[A-Za-z0-9]{30,60}'),
  form('SendGrid key', 'SG.', 'SG\\.[\\w-]{16,64}\\.[\\w-]{16,64}'),
  form(
    'Twilio key',
    Array.from('0123456789abcdef', (digit) => `SK${digit}`).join(' '),
    'SK[0-9a-f]{32}(?![A-Za-z0-9])',
  ),
  form('Mailgun key', 'key-', 'key-[0-9a-f]{32}(?![A-Za-z0-9])'),
  form('Telegram token', ':AA', '\\d{8,10}:AA[\\w-]{33}(?![\\w-])'),
  form('DigitalOcean token', '_v1_', 'do[oprt]_v1_[a-f0-9]{64}'),
  form('Shopify token', 'shpat_ shpca_ shppa_ shpss_', 'shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}'),
  form('Databricks token', 'dapi', 'dapi[0-9a-f]{32}(?:-\\d)?(?![A-Za-z0-9])'),
  form('Linear key', 'lin_', 'lin_(?:api|oauth)_[A-Za-z0-9]{30,80}'),
  form('Notion token', 'secret_ ntn_', '(?:secret_|ntn_)[A-Za-z0-9]{40,60}(?![A-Za-z0-9])'),
  form('Grafana token', 'glsa_ glc_', 'gl(?:sa|c)_[A-Za-z0-9_=+/]{30,400}'),
  form('Vault token', 'hvs. hvb. hvr.', 'hv[sbr]\\.[\\w-]{20,300}'),
  form('age key', 'AGE-SECRET-KEY-1', 'AGE-SECRET-KEY-1[A-Z0-9]{50,70}'),
  form('JSON web token', 'eyJ', 'eyJ[\\w-]{8,4000}\\.eyJ[\\w-]{8,8000}\\.[\\w-]{0,2000}'),
];

/** The hints of all forms, by their first three characters: few texts have many of those. */
const BY_START = new Map<number, string[]>();
for (const hint of new Set(SECRET_FORMS.flatMap(({ hints }) => hints))) {
  const start = Array.from(hint.slice(0, 3)).reduce(
    (before, character) => startWith(before, character.charCodeAt(0)),
    0,
  );
  BY_START.set(start, [...(BY_START.get(start) ?? []), hint]);
}
const IS_START = new Uint8Array(1 << 18);
for (const start of BY_START.keys()) IS_START[start] = 1;

/** The hints that a text has, in one walk: to look for them one after the other takes twenty times as long. */
export function hintsIn(text: string): ReadonlySet<string> {
  const found = new Set<string>();
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    start = startWith(start, text.charCodeAt(at));
    if (IS_START[start] === 0) continue;
    for (const hint of BY_START.get(start) ?? []) if (text.startsWith(hint, at - 2)) found.add(hint);
  }
  return found;
}

/** Of the last three characters, some bits of each; that others share them costs a look, no more. */
function startWith(before: number, code: number): number {
  return ((before << 6) ^ code) & 0x3ffff;
}
