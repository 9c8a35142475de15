import type { Mistake } from './plant.js'

const JWT = 'test/drop-ins/jwt.test.ts'
const BLACKLIST = 'test/drop-ins/express-jwt-blacklist.test.ts'
const MANAGER = 'test/drop-ins/token-manager.test.ts'
const FROM_REDIS = 'test/cli/import-redis.test.ts'

/** Mistakes in what takes the place of other packages (J1, J2), and in what takes their lists over. */
export const DROP_IN_MISTAKES: readonly Mistake[] = [
  {
    name: 'J1: a token is verified, and the engine is not asked',
    file: 'drop-ins/jwt.ts',
    within: 'createJwt',
    is: '|| (await revocade.isRevoked(claims))',
    becomes: '',
    caughtBy: JWT,
    breaks: /× runs the quick start/,
  },
  {
    name: 'J2: a token that was destroyed before the switch is good again',
    file: 'drop-ins/jwt.ts',
    within: 'lacks',
    is: 'return label === null || label === undefined',
    becomes: 'void label; return false',
    caughtBy: JWT,
    breaks: /× keeps destroyed what was destroyed before/,
  },
  {
    name: 'a check overtakes a revocation that nobody waited for',
    file: 'drop-ins/blacklist.ts',
    within: 'isRevoked',
    is: 'if (writes !== undefined) await writes',
    becomes: 'void writes',
    caughtBy: BLACKLIST,
    breaks: /× checks a token after its revocation/,
  },
  {
    name: 'the old package is not asked about tokens of before the switch',
    file: 'drop-ins/legacy-blacklist.ts',
    within: 'isRevoked',
    is: 'claims.iat * 1000 >= this.#until',
    becomes: 'claims.iat * 1000 < this.#until',
    caughtBy: BLACKLIST,
    breaks: /× keeps revoked what was revoked before/,
  },
  {
    name: 'a decorated method is called before the decision',
    file: 'drop-ins/authenticated.ts',
    within: 'guarded',
    is: 'const decision = await decide(request)',
    becomes: 'void method.apply(this, args); const decision = await decide(request)',
    caughtBy: MANAGER,
    breaks: /× calls a method for a good token/,
  },
  {
    name: 'a decorator without verifier is accepted',
    file: 'drop-ins/authenticated.ts',
    within: 'given',
    is: 'if (verify === undefined && claims === undefined)',
    becomes: 'if (false)',
    caughtBy: MANAGER,
    breaks: /× refuses the options {}/,
  },
  {
    name: 'a scan goes on with a cursor of another connection',
    file: 'cli/import/redis-keys.ts',
    within: '#checkConnection',
    is: 'if (this.#lost)',
    becomes: 'if (false)',
    caughtBy: FROM_REDIS,
    breaks: /× end the import if the connection was lost/,
  },
  {
    name: 'slots of a cluster may move during a scan',
    file: 'cli/import/redis-keys.ts',
    within: 'keys',
    is: '(await this.#slots(nodes)) !== slots',
    becomes: 'false',
    caughtBy: FROM_REDIS,
    breaks: /× reads every master/,
  },
  {
    name: 'a JWT is revoked only as long as its key was left',
    file: 'cli/import/key-input.ts',
    within: '#ofToken',
    is: 'Math.max(until ?? 0, exp ?? 0)',
    becomes: '(until ?? exp ?? 0)',
    caughtBy: FROM_REDIS,
    breaks: /× revokes the JWTs of a hand-made blacklist/,
  },
  {
    name: 'the name of a key is in an error',
    file: 'cli/import/key-input.ts',
    within: 'notAJwt',
    is: "return bad('holds no JWT: see --keys-hold')",
    becomes: 'return bad(`holds ${text}`)',
    caughtBy: FROM_REDIS,
    breaks: /× names nobody/,
  },
]
