import { randomBytes } from 'node:crypto';

/** In seconds. */
export const SESSION_LIFETIME = 24 * 60 * 60;

/** Sessions in memory: gone after a restart, unknown to other processes. */
export function createSessions() {
  const sessions = new Map();

  return {
    /** Returns the id of the new session. */
    create(userName) {
      const id = randomBytes(32).toString('base64url');
      sessions.set(id, { userName, expiresAt: Date.now() + SESSION_LIFETIME * 1000 });
      return id;
    },

    find(id) {
      const session = sessions.get(id);
      if (session && session.expiresAt <= Date.now()) {
        sessions.delete(id);
        return undefined;
      }
      return session;
    },

    destroy(id) {
      sessions.delete(id);
    },
  };
}
