import assert from 'node:assert/strict';
import { type StoreUnderTest, take, takeOver } from './storeUnderTest.ts';

/** What every implementation of the Leases port does. */
export function leasesContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name}: leases`, () => {
    let store: StoreUnderTest;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.dispose());

    it('grants a lease to one holder and tells the others who it is', async () => {
      const [one, other] = [await store.connect(), await store.connect()];
      const lease = await take(one.leases, 'run/a', 'terminal');
      assert.equal(lease.name, 'run/a');
      assert.equal(lease.epoch, 1);

      const refused = await other.leases.acquire('run/a', 'editor');
      assert.ok('heldBy' in refused);
      assert.match(refused.heldBy, /terminal/);
      const own = await one.leases.acquire('run/a', 'terminal');
      assert.ok('heldBy' in own, 'not even its holder gets it twice');
    });

    it('keeps names apart, whatever characters they have', async () => {
      const { leases } = await store.connect();
      for (const each of ['run/a', 'run/A', 'workspace/a', 'run/../a', 'run%2fa', '..', 'run/ä', '']) {
        assert.equal((await take(leases, each)).epoch, 1, each);
      }
    });

    it('grants a released lease at once, with a higher epoch', async () => {
      const [one, other] = [await store.connect(), await store.connect()];
      const first = await take(one.leases, 'run/a');
      await one.leases.release(first);
      const second = await take(other.leases, 'run/a');
      assert.equal(second.epoch, 2);
      assert.notEqual(second.token, first.token);
      assert.equal(await one.leases.renew(first), false);
      assert.equal(await other.leases.renew(second), true);
    });

    it('lets a late release of an old grant do no harm to the new holder', async () => {
      const [one, other] = [await store.connect(), await store.connect()];
      const first = await take(one.leases, 'run/a');
      await one.leases.release(first);
      await take(other.leases, 'run/a', 'editor');
      await one.leases.release(first);
      assert.ok('heldBy' in (await one.leases.acquire('run/a', 'terminal')));
    });

    it('takes a lease from a holder that does not renew', async () => {
      const [one, other] = [await store.connect({ ttl: 150 }), await store.connect({ ttl: 150 })];
      const first = await take(one.leases, 'run/a');
      const second = await takeOver(other.leases, 'run/a');
      assert.equal(second.epoch, first.epoch + 1);
      assert.equal(await one.leases.renew(first), false);
    });

    it('is taken over from a living holder by who asks for just that', async () => {
      const [one, other] = [await store.connect(), await store.connect()];
      const first = await take(one.leases, 'run/a', 'terminal');
      const second = await other.leases.acquire('run/a', 'editor', { takeOver: true });
      assert.ok(!('heldBy' in second));
      assert.equal(second.epoch, first.epoch + 1);
      assert.equal(await one.leases.renew(first), false);
      assert.equal(await other.leases.renew(second), true);
      assert.ok(one.leases.ttl > 0);
    });

    it('renews a lease that has run out, as long as nobody else took it', async () => {
      const { leases } = await store.connect({ ttl: 100 });
      const lease = await take(leases, 'run/a');
      await new Promise((resolve) => setTimeout(resolve, 250));
      assert.equal(await leases.renew(lease), true);
    });

    it('does not take a lease from a holder that renews', async () => {
      const [one, other] = [await store.connect({ ttl: 1500 }), await store.connect({ ttl: 1500 })];
      const lease = await take(one.leases, 'run/a');
      for (let renewed = 0; renewed < 10; renewed += 1) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        assert.equal(await one.leases.renew(lease), true);
        assert.ok('heldBy' in (await other.leases.acquire('run/a', 'editor')));
      }
    });

    it('stays released when a renewal was under way', async () => {
      const [one, other] = [await store.connect(), await store.connect()];
      for (let epoch = 1; epoch <= 20; epoch += 1) {
        const lease = await take(one.leases, 'run/a');
        await Promise.all([one.leases.renew(lease), one.leases.release(lease)]);
        await other.leases.release(await take(other.leases, 'run/a'));
      }
    });
  });
}
