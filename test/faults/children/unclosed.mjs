// Opens an engine, uses it, never closes it, and ends. The engine must not keep the process alive, but must finish
// what was begun.
import { importBuilt } from '../../support/package-under-test.mjs'

const { createRevocade } = await importBuilt('index.js')
const { options, exp, revoke } = JSON.parse(process.argv[2])
const engine = await createRevocade(options)
if (await engine.isRevoked({ jti: 'other', exp })) process.exitCode = 1
const half = revoke.length / 2
for (const jti of revoke.slice(0, half)) void engine.revoke({ jti, exp })
// Not at the top level: a process whose top-level await never settles ends with exit code 13.
async function revokeOneByOne() {
  for (const jti of revoke.slice(half)) await engine.revoke({ jti, exp })
}
void revokeOneByOne()
