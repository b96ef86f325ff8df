import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { maskSecrets } from '../../src/core/secrets/maskSecrets.ts';

/** Put together here, so that no scanner takes this file for a leak. */
const a = (...parts: string[]): string => parts.join('');
const R40 = 'q8Zt3Kx0Lm7Vb2Nf9Yc4Rh6Jd1Ws5Pg8Ta3Eu0I';

const SECRETS: [what: string, text: string, masked: string][] = [
  ['OpenAI', `key ${a('sk-', 'proj-', R40)}.`, 'key ‹secret: OpenAI key›.'],
  ['Anthropic', a('sk-', 'ant-api03-', R40), '‹secret: Anthropic key›'],
  ['an old key of OpenAI', a('sk-', R40), '‹secret: API key›'],
  [
    'GitHub',
    `git clone https://x:${a('ghp_', R40)}@github.com/a/b`,
    'git clone https://x:‹secret: GitHub token›@github.com/a/b',
  ],
  ['GitLab', a('glpat-', 'x1Yz9_Ab3Cd5Ef7Gh9Ij'), '‹secret: GitLab token›'],
  ['Slack', a('xoxb-', '123456789012-abcDEF'), '‹secret: Slack token›'],
  ['AWS', a('AKIA', 'IOSFODNN7EXAMPLE'), '‹secret: AWS access key›'],
  [
    'an AWS secret',
    `aws_secret_access_key = ${a('wJalrXUtnFEMI/K7MDENG/', 'bPxRfiCY3XAMPL3KEY')}`,
    'aws_secret_access_key = ‹secret: key›',
  ],
  ['Google', a('AIza', 'SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q'), '‹secret: Google key›'],
  ['Stripe', a('sk_', 'live_', '4eC39HqLyjWDarjtT1zdp7dc'), '‹secret: Stripe key›'],
  [
    'npm',
    `//registry.npmjs.org/:_authToken=${a('npm_', R40.slice(0, 36))}`,
    '//registry.npmjs.org/:_authToken=‹secret: npm token›',
  ],
  ['Hugging Face', `HF_TOKEN=${a('hf_', R40.slice(0, 34))}`, 'HF_TOKEN=‹secret: Hugging Face token›'],
  [
    'a JWT',
    a('eyJhbGciOiJIUzI1NiJ9', '.eyJzdWIiOiIxMjM0NTY3ODkwIn0', '.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U'),
    '‹secret: JSON web token›',
  ],
  ['a bearer token', `Authorization: Bearer ${R40}`, 'Authorization: Bearer ‹secret: token›'],
  [
    'basic authentication',
    'Authorization: Basic YWxhZGRpbjpvcGVuc2VzYW1lMTIz',
    'Authorization: Basic ‹secret: password›',
  ],
  ['a password in a URL', 'postgres://app:hunter2@db:5432/app', 'postgres://app:‹secret: password›@db:5432/app'],
  ['a password of no user', 'redis://:s3cr3t!@cache:6379', 'redis://:‹secret: password›@cache:6379'],
  ['an environment', 'export DB_PASSWORD=correct-horse\nPORT=80', 'export DB_PASSWORD=‹secret: password›\nPORT=80'],
  ['a line of a diff', '+SESSION_SECRET="keyboard cat"\n', '+SESSION_SECRET="‹secret: secret›"\n'],
  ['a compose file', '      POSTGRES_PASSWORD: postgres', '      POSTGRES_PASSWORD: ‹secret: password›'],
  ['a connection string', 'Server=db;User=sa;Password=Passw0rd!;', 'Server=db;User=sa;Password=‹secret: password›;'],
  ['JSON', `{"apiKey": "${R40}", "n": 1}`, '{"apiKey": "‹secret: key›", "n": 1}'],
  ['JSON in a string', `{\\"password\\": \\"hunter2!\\"}`, '{\\"password\\": \\"‹secret: password›\\"}'],
  [
    'code',
    `const client = connect({ clientSecret: '${R40}' });`,
    "const client = connect({ clientSecret: '‹secret: secret›' });",
  ],
  ['a value behind another name', 'dsn: password=hunter22', 'dsn: password=‹secret: password›'],
  ['a query', `https://h/x?access_token=${R40}&page=2`, 'https://h/x?access_token=‹secret: token›&page=2'],
  ['.netrc', 'machine h login me password hunter2', 'machine h login me password ‹secret: password›'],
  [
    'a key block',
    `a\n-----BEGIN ${'RSA PRIVATE KEY'}-----\nMIIEpAIBAAKCAQEA7bq0\nabc=\n-----END RSA PRIVATE KEY-----\nb`,
    'a\n‹secret: private key›\nb',
  ],
  [
    'a key block that was cut off',
    `-----BEGIN ${'PRIVATE KEY'}-----\n+MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n+BKcwggSjAgEAAoIBAQC7VJTUt9Us8c. The rest.`,
    '‹secret: private key›. The rest.',
  ],
  [
    'a key in a string literal',
    `"-----BEGIN ${'EC PRIVATE KEY'}-----\\nMHcCAQEEIIGlRFzR\\n-----END EC PRIVATE KEY-----\\n"`,
    '"‹secret: private key›\\n"',
  ],
];

const HARMLESS = [
  'commit 9fceb02d0ae598e95dc970b74767f19372d61af8 of 2026',
  'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
  'id: 123e4567-e89b-12d3-a456-426614174000',
  'const token = this.tokens.next();',
  'token: string; password: string; apiKey?: string',
  'password: z.string().min(8), secret = await readSecret2(path)',
  'if (user.password === other.password) return;',
  a('API_KEY=$API_KEY SECRET=$', '{SECRET} TOKEN=<token> PASSWORD=********'),
  'const API_KEY = process.env.API_KEY;',
  'max_tokens: 4096, promptTokens: 1234567890, MAX_TOKEN=4096',
  'password: "Password", secret: "secret", token: "your-token-here"',
  'https://user@example.com:8080/a/b?token=abc',
  a('postgres://user:$', '{PASSWORD}@host/db and http://host:8080/@scope/name'),
  a('primaryKey: true, sortKey: "createdAt2026", cacheKey = `user:$', '{id}`'),
  'import { secretOf } from "./secret.ts"; tokenUrl: "https://id.example.com/oauth2/v1/token"',
  'class="task-list-item-container-with-long-name" sk-learn sk-learn-contrib-lightning-extras',
  'Bearer authentication-scheme-of-rfc is described elsewhere',
  'the token and the password are kept',
  '--- PASS: TestAdds (0.00s)',
  'PWD=/home/me/project OLDPWD=/home/me',
  'DEPTH_PASS: 0x0B96, INVALID_TOKEN: 498, // Unofficial',
  'const env = { DB_PASSWORD: password, OTHER: 1 };',
];

describe('maskSecrets', () => {
  for (const [what, text, masked] of SECRETS) {
    it(`masks ${what}`, () => {
      assert.equal(maskSecrets(text), masked);
      assert.equal(maskSecrets(masked), masked, 'and nothing more, a second time');
    });
  }

  for (const text of HARMLESS) it(`leaves alone: ${text}`, () => assert.equal(maskSecrets(text), text));

  it('raises hardly a false alarm in the code of this project', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file));
    const alarms = files.flatMap((file) => {
      const text = readFileSync(join('src', file), 'utf8');
      return maskSecrets(text) === text ? [] : [file];
    });
    assert.deepEqual(alarms, []);
  });

  it('gets through a hostile text of any length', () => {
    const hostile = [
      'a',
      '-',
      '"',
      '=',
      'password="',
      `-----BEGIN ${'PRIVATE KEY'}-----`,
      'eyJhbGciOi.',
      'eyJ',
      'a://',
      'a://a:',
      'Bearer ',
      'token=a',
      'sk-',
      'machine a login b ',
      'A_TOKEN=\\"',
      '\\n',
      ' ',
    ];
    // In time that grows with the square of the length, one of them would take hours.
    for (const piece of hostile) assert.ok(maskSecrets(piece.repeat(Math.ceil(3_000_000 / piece.length))));
  });
});
