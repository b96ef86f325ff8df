import assert from 'node:assert/strict';
import { rankByWords } from '../../src/core/tools/rankByWords.ts';
import { stemsOf, termsOf } from '../../src/core/tools/words.ts';

describe('words', () => {
  it('are the same in their usual forms', () => {
    for (const forms of [
      'retry retries retried retrying',
      'migrate migrates migrated migrating migration migrations migrator',
      'configure configures configured configuring configuration',
      'cache caches cached caching',
      'run runs running',
      'pass passes passed passing',
      'process processes processed processing',
      'setting settings',
    ]) {
      assert.equal(new Set(stemsOf(forms)).size, 1, `${forms}: ${stemsOf(forms).join(' ')}`);
    }
  });

  it('that differ stay apart', () => {
    for (const pair of ['state station', 'user use', 'port portal', 'form format', 'test text', 'model module']) {
      assert.equal(new Set(stemsOf(pair)).size, 2, pair);
    }
  });

  it('of identifiers are found singly and as a whole', () => {
    assert.deepEqual(stemsOf('retryPolicy'), ['retr', 'polic', 'retrypolicy']);
    assert.deepEqual(stemsOf('MAX_RETRY_COUNT'), ['max', 'retr', 'count', 'maxretrycount']);
    assert.deepEqual(stemsOf('parseHTTPHeader')[1], 'http');
  });

  it('that every text has are not asked for, unless there are no others', () => {
    assert.deepEqual(termsOf('how does the payment retry work'), ['payment', 'retr', 'work']);
    assert.deepEqual(termsOf('how to'), ['how', 'to']);
  });
});

describe('things ranked by words', () => {
  const rank = (texts: string[], query: string) =>
    rankByWords(texts, query, (text) => ({
      text: text.split('|')[1] ?? '',
      beside: [{ text: text.split('|')[0] ?? '', weight: 3 }],
    }));

  it('are those with more of the words first, the rare ones above all', () => {
    const [payment, retry, both] = [
      'Payments|The payment provider charges.',
      'Retries|A retry waits.',
      'Shop|A payment that fails is retried.',
    ];
    const others = Array.from({ length: 20 }, (_, at) => `Other ${at}|A payment of ${at}.`);
    const found = rank([payment, ...others, retry, both], 'payment retries');
    assert.deepEqual(found.slice(0, 2), [both, retry]);
    assert.deepEqual(rank([payment], 'zebra'), []);
  });

  it('have the words of headings weigh more than passing mentions', () => {
    assert.equal(
      rank(['Other|See caching.', 'Caching|We keep what was asked for.'], 'cache')[0],
      'Caching|We keep what was asked for.',
    );
  });

  it('stay in their order where they are alike', () => {
    assert.deepEqual(rank(['a|sum sign', 'b|sum sign'], 'sum'), ['a|sum sign', 'b|sum sign']);
  });
});
