const { Spec } = require('mocha').reporters;
const { EVENT_RUN_END, EVENT_TEST_PENDING } = require('mocha').Runner.constants;

/** Mocha's Spec, and then every skipped test with its reason, and the numbers on the very last line. */
module.exports = class Reporter extends Spec {
  constructor(runner, options) {
    super(runner, options);
    const skipped = [];
    runner.on(EVENT_TEST_PENDING, (test) => skipped.push({ title: test.fullTitle(), reason: reasonOf(test) }));
    runner.once(EVENT_RUN_END, () => {
      const { passes, failures } = this.stats;
      for (const { title, reason } of skipped) console.log(`  skipped: ${title} (${reason ?? 'no reason given'})`);
      const silent = skipped.filter(({ reason }) => reason === undefined).length;
      if (silent > 0) console.log(`  ${silent} of them without a reason: use test/skip.ts`);
      if (skipped.length > 0) console.log('');
      console.log(`${passes} passed, ${failures} failed, ${skipped.length} skipped`);
    });
  }
};

/** Set on the test itself, or on a hook that skipped everything below it (see test/skip.ts). */
function reasonOf(test) {
  if (test.skipReason !== undefined) return test.skipReason;
  for (let suite = test.parent; suite; suite = suite.parent) {
    const hook = [...suite._beforeAll, ...suite._beforeEach].find(({ skipReason }) => skipReason !== undefined);
    if (hook) return hook.skipReason;
  }
  return undefined;
}
