// Changes a store in every way there is, several at a time, until it is killed. It appends what it is about to do
// and what was acknowledged to a log, at once and unbuffered: a line of the log outlives the process.
import { openSync, writeSync } from 'node:fs'
import { importBuilt } from '../../support/package-under-test.mjs'
import { random } from '../../support/random.mjs'

const { createRevocade } = await importBuilt('index.js')
const { options, log: path, run, seed, lanes, reopen, old } = JSON.parse(process.argv[2])
const log = openSync(path, 'a')
const say = (...words) => writeSync(log, `${JSON.stringify(words)}\n`)
const { below, chance } = random(seed)

const exp = Math.floor(Date.now() / 1000) + 86_400
let engine
let names = 0
let attempts = 0
const newKey = (kind) => `${kind}:${run}-${names++}`
const nameOf = (key) => key.slice(2)

async function attempt(revoked, keys, change) {
  const op = `${run}-${attempts++}`
  say('try', op, revoked, keys)
  try {
    say('done', op, (await change()).seq)
  } catch ({ code, message }) {
    say('failed', op, code, message)
  }
}

const revoke = (key) =>
  attempt(true, [key], () =>
    key.startsWith('t')
      ? engine.revoke({ jti: nameOf(key), exp })
      : engine.revokeWhere({ sub: nameOf(key) }, { expiresAt: exp }),
  )
const unrevoke = (key) =>
  attempt(false, [key], () =>
    key.startsWith('t') ? engine.unrevoke({ jti: nameOf(key) }) : engine.unrevokeWhere({ sub: nameOf(key) }),
  )
const revokeMany = (keys) =>
  attempt(true, keys, () => engine.revokeMany(keys.map((key) => ({ jti: nameOf(key), expiresAt: exp }))))

/** A lane never has two changes of one target under way, so the last one that was acknowledged must stand. */
async function lane(mine, goOn) {
  while (goOn()) {
    const known = mine[below(Math.max(1, mine.length))]
    const dice = below(100)
    if (dice < 50) {
      const key = newKey(chance(0.8) ? 't' : 's')
      await revoke(key)
      mine.push(key)
    } else if (dice < 65) {
      const keys = Array.from({ length: 2 + below(40) }, () => newKey('t'))
      await Promise.all(keys.map(revoke))
      mine.push(...keys)
    } else if (dice < 85) {
      if (known !== undefined) await unrevoke(known)
    } else if (dice < 95) {
      if (known !== undefined) await revoke(known)
    } else {
      await revokeMany(Array.from({ length: 1 + below(400) }, () => newKey('t')))
    }
  }
}

const owned = Array.from({ length: lanes }, (_, i) => (i === 0 ? old : []))
for (;;) {
  engine = await createRevocade(options)
  say('opened')
  // Closing writes a snapshot. A writer that closes often is often killed while it writes one.
  const until = performance.now() + (reopen ? below(40) : Infinity)
  await Promise.all(owned.map((mine) => lane(mine, () => performance.now() < until)))
  await engine.close()
}
