import assert from 'node:assert/strict';
import { markdownToHtml } from '../../src/webview/markdown.ts';
import { placeOf } from '../../src/webview/places.ts';

describe('Markdown of models', () => {
  it('has no HTML of its own', () => {
    for (const said of [
      '<script>alert(1)</script>',
      '<img src=x onerror=alert(1)>',
      'a <b onclick="x()">b</b>',
      '<style>*{}</style>',
    ]) {
      assert.doesNotMatch(markdownToHtml(said), /<(?:script|img|b|style)\b/i);
    }
    assert.doesNotMatch(markdownToHtml('```"><script>x</script>\n<script>y</script>\n```'), /<script/i);
  });

  it('leads nowhere by itself: links are for the host, and only addresses', () => {
    const html = markdownToHtml(
      '[a](https://example.com/?q="x") [b](javascript:alert(1)) [c](data:text/html,x) <vbscript:x>',
    );
    assert.match(html, /<a href="#" data-href="https:\/\/example\.com\/\?q=%22x%22"/);
    assert.doesNotMatch(html, / href="(?!#)/);
    assert.doesNotMatch(html, /data-href="(?:javascript|data|vbscript)/i);
  });

  it('loads no pictures: their description stands for them', () => {
    const html = markdownToHtml('![a **bold** cat](https://example.com/cat.png) ![x](data:image/png;base64,AAAA)');
    assert.doesNotMatch(html, /<img|src=|example\.com/);
    assert.match(html, /a \*\*bold\*\* cat|a bold cat/);
  });

  it('leads to places in the workspace', () => {
    assert.match(
      markdownToHtml('See `src/app.ts:12`.'),
      /<a href="#" class="place" data-path="src\/app\.ts" data-line="12"><code>/,
    );
    assert.match(markdownToHtml('[here](src/app.ts#L3)'), /data-path="src\/app\.ts" data-line="3"/);
    assert.doesNotMatch(markdownToHtml('`module.exports` and `1.2.3` and `../up.ts`'), /class="place"/);
  });

  it('colours code that it knows, and shows any other', () => {
    assert.match(markdownToHtml('```ts\nconst a = 1;\n```'), /hljs-keyword/);
    assert.match(markdownToHtml('```nonsense\n<b>\n```'), /&lt;b&gt;/);
  });
});

describe('a place that a text names', () => {
  const cases: [string, string][] = [
    ['src/app.ts', 'src/app.ts'],
    ['src/app.ts:7', 'src/app.ts:7'],
    ['src/app.ts:7-9', 'src/app.ts:7'],
    ['README.md', 'README.md'],
    ['app/[id].tsx:3', 'app/[id].tsx:3'],
    ['module.exports', ''],
    ['/etc/passwd', ''],
    ['a/../../b.ts', ''],
    ['two words.ts', ''],
  ];
  for (const [text, expected] of cases) {
    it(JSON.stringify(text), () => {
      const place = placeOf(text);
      assert.equal(
        place === undefined ? '' : [place.path, ...(place.line === undefined ? [] : [place.line])].join(':'),
        expected,
      );
    });
  }
});
