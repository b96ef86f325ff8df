import { verifyPassword } from '../auth/passwords.js';
import { SESSION_LIFETIME } from '../auth/sessions.js';
import { findUser } from '../users.js';

export function loginRoutes(sessions) {
  async function login(req, res) {
    const { name, password } = req.body;
    const user = findUser(name);
    const matches = user && (await verifyPassword(String(password), user.passwordHash));
    if (!matches) return res.status(401).json({ error: 'Wrong name or password.' });

    res.cookie('sid', sessions.create(user.name), { maxAge: SESSION_LIFETIME });
    res.json({ name: user.name });
  }

  function logout(req, res) {
    sessions.destroy(req.cookies.sid);
    res.cookie('sid', '', { maxAge: 0 });
    res.status(204).end();
  }

  return { login, logout };
}
