// Passwords, as scrypt hashes. The cost is one of those that OWASP names; it takes 32 MiB for some tenths of a second.
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify(scrypt)
const COST = { N: 2 ** 15, r: 8, p: 3 }
const KEY_BYTES = 32

/** `scrypt$N$r$p$salt$hash`: with its cost, so that you can raise it later. */
export async function hashPassword(password) {
  const salt = randomBytes(16)
  const hash = await deriveKey(password, salt, COST)
  const { N, r, p } = COST
  return ['scrypt', N, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$')
}

export async function isPassword(password, stored) {
  const [, N, r, p, salt, hash] = stored.split('$')
  const cost = { N: Number(N), r: Number(r), p: Number(p) }
  const given = await deriveKey(password, Buffer.from(salt, 'base64url'), cost)
  return timingSafeEqual(given, Buffer.from(hash, 'base64url'))
}

// The same password in another Unicode form is the same password.
const deriveKey = (password, salt, cost) =>
  derive(password.normalize('NFKC'), salt, KEY_BYTES, { ...cost, maxmem: 256 * cost.N * cost.r })

/** For names that nobody has: a login must take as long as with one that exists. */
export const NOBODYS = await hashPassword(randomBytes(16).toString('hex'))
