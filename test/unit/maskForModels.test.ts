import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { maskFound, maskResult } from '../../src/core/secrets/maskForModels.ts';
import { maskSecretLines } from '../../src/core/secrets/maskSecrets.ts';

const TOKEN = `ghp_${'aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cD2fG5'}`;
const KEY_LINE = 'MIIEpAIBAAKCAQEA2v0Xy7sQf3kLZ8pVtR1dGmC4uWnE5hJ9bT6oYqPzS0xKcFaI';
const KEY = ['-----BEGIN RSA PRIVATE KEY-----', KEY_LINE, KEY_LINE, 'abc=', '-----END RSA PRIVATE KEY-----'].join('\n');

describe('what models and clients get of a tool', () => {
  it('is masked in the text and in every text of the data', () => {
    const result = maskResult(
      { text: `a ${TOKEN}`, isError: false, data: { found: [{ line: 3, text: TOKEN }], more: true } },
      1000,
    );
    assert.deepEqual(result, {
      text: 'a ‹secret: GitHub token›',
      isError: false,
      data: { found: [{ line: 3, text: '‹secret: GitHub token›' }], more: true },
    });
  });

  it('is the same in the data where data and text share lines, and masked by itself where they do not', () => {
    const lines = Array.from({ length: 30 }, (_, at) => `line ${at} of a file`);
    const body = [...lines, `const token = '${TOKEN}';`, KEY, ...lines].join('\n');
    const masked = maskFound(body);
    assert.ok(masked.includes('‹secret: GitHub token›') && masked.includes('‹secret: private key›'));
    assert.ok(!masked.includes(TOKEN) && !masked.includes(KEY_LINE));
    for (const text of [
      body,
      `a.ts (lines 1-65)\n${body}`,
      `a.ts\n${body}\n[Read on]`,
      `password: "a1b2c3"\n${KEY}\n${body}\n${KEY}`,
      `no whole lines: ${body}`,
      `${body} nor here`,
      `${body.slice(0, -1)}`,
      `nothing of it\n${KEY}`,
    ]) {
      const { data } = maskResult({ text, isError: false, data: { files: [{ text: body }] } }, 1e6);
      assert.deepEqual(data, { files: [{ text: masked }] }, text.slice(0, 40));
    }
  });

  it('has as many lines as before, so that numbers of lines stay right', () => {
    const text = `const key = \`${KEY}\`;\nafter\n`;
    const masked = maskSecretLines(text);
    assert.equal(masked.split('\n').length, text.split('\n').length);
    assert.ok(!masked.includes(KEY_LINE) && masked.endsWith('after\n'), masked);
    assert.equal(maskSecretLines(masked), masked);
    assert.ok(maskSecretLines(text.replaceAll('\n', '\r\n')).includes('\r\nafter\r\n'));
  });

  it('masks a part of a key whose first line is not there, in files, numbered, in diffs and in literals', () => {
    for (const line of [
      KEY_LINE,
      `12: ${KEY_LINE}`,
      `a/b.ts:12: ${KEY_LINE}`,
      `+${KEY_LINE}`,
      `-${KEY_LINE}`,
      `  "${KEY_LINE}\\n" +`,
    ]) {
      // Wherever in the text it is.
      for (let before = 0; before <= 64; before += 1) {
        const masked = maskFound(`${' '.repeat(before)}\n${line}\nafter`);
        assert.ok(!masked.includes(KEY_LINE.slice(1)), masked);
        assert.ok(masked.includes('‹secret: private key›'), masked);
      }
    }
  });

  it('leaves hashes and code alone', () => {
    for (const line of [
      randomBytes(32).toString('hex'),
      `${randomBytes(32).toString('hex')}  file.tar.gz`,
      '"integrity": "sha512-z2lUfJs0xQ1TqFf4B8lW6b2n6Y0m6JwY3k7cXoT5m1B1J6o3m4oT5w0o0kP4n8Yt2QkZQ1wVv0k2pQw1r3d8Xg==",',
      '='.repeat(64),
      'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl',
    ])
      assert.equal(maskFound(line), line);
  });

  it('stays within its bound, and says why there is less', () => {
    const text = Array.from({ length: 40 }, (_, at) => `db_${at}_password: "a1b2c3"`).join('\n');
    const { text: masked } = maskResult({ text, isError: false }, text.length);
    assert.ok(masked.length <= text.length);
    assert.match(masked, /Masked secrets took the room/);
  });

  it('takes a time that is linear in the length, whatever the text is', () => {
    for (const piece of ['a', 'aB3+', 'x '.repeat(40), `${KEY_LINE}\n`, `${KEY_LINE}!`, '+'.repeat(80)]) {
      assert.ok(maskFound(piece.repeat(Math.ceil(2_000_000 / piece.length))));
    }
  });
});
