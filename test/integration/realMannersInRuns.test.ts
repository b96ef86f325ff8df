import assert from 'node:assert/strict';
import { ROLES, type Role } from '../../src/shared/events.ts';
import { SERVED_MODELS } from '../models/fleet.ts';
import type { ServerTraits } from '../models/traits.ts';
import { type CrewHere, openCrewHere } from '../support/crewHere.ts';
import { type Coder, FILES, probeOf, SCRIPT, TASK } from '../support/greetingCrew.ts';
import { ofType } from '../support/scenario.ts';

/** A file that is worth caching. */
const LONG = Array.from({ length: 200 }, (_, at) => `// Line ${at} of what is known about leaving.\n`).join('');

describe('a run on servers as they were seen to be', function () {
  this.timeout(60_000);
  let crew: CrewHere;

  afterEach(() => crew.close());

  async function approved(traits: Partial<ServerTraits>, coder: Coder, timeouts = {}): Promise<void> {
    const seen = (role: Role) => ({ ...probeOf(role, crew.fleet.urls[role], coder), model: SERVED_MODELS[role] });
    crew = await openCrewHere({
      files: { ...FILES, 'src/leave.js': FILES['src/leave.js'] + LONG },
      script: SCRIPT,
      roles: Object.fromEntries(ROLES.map((role) => [role, { traits }])),
      timeouts,
      over: () => ({ probe: async (role) => seen(role) }),
    });
    const { ending } = await crew.run(TASK);
    assert.equal(ending.code, 'approved', ending.message);
  }

  for (const cacheBlock of [1, 16, 128]) {
    it(`"in blocks": no cache is missed where it keeps blocks of ${cacheBlock}`, async () => {
      await approved({ cacheBlock }, 'json');
      assert.deepEqual(ofType(crew.live, 'cache.missed'), []);
      assert.ok(crew.fleet.requests.some(({ cachedTokens = 0 }) => cachedTokens > 0));
    });
  }

  it('"First schema costs 1–5 s": a server that is at work on its grammar has not fallen silent', async () => {
    await approved({ firstSchemaMs: 400 }, 'json', { firstToken: 0.15 });
    assert.deepEqual(ofType(crew.live, 'server.lost'), []);
    assert.ok(ofType(crew.live, 'server.busy').length > 0, 'it is waited for, and told');
  });
});
