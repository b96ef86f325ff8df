import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(scrypt);
const KEY_BYTES = 32;

/** Returns "salt:key", both in base64url. */
export async function hashPassword(password) {
  const salt = randomBytes(16).toString('base64url');
  const key = await derive(password, salt, KEY_BYTES);
  return `${salt}:${key.toString('base64url')}`;
}

export async function verifyPassword(password, hash) {
  const [salt, expected] = hash.split(':');
  const key = await derive(password, salt, KEY_BYTES);
  return timingSafeEqual(key, Buffer.from(expected, 'base64url'));
}
