// Opens an engine, uses it, never closes it, and comes to its end: nothing of the engine may keep it alive, but what
// was begun must be finished.
import { importBuilt } from '../../support/package-under-test.mjs'

const { createRevocade } = await importBuilt('index.js')
const { options, exp, revoke } = JSON.parse(process.argv[2])
const engine = await createRevocade(options)
if (await engine.isRevoked({ jti: 'other', exp })) process.exitCode = 1
const half = revoke.length / 2
for (const jti of revoke.slice(0, half)) void engine.revoke({ jti, exp })
// Not at the top level: Node ends a process that waits there for nothing that keeps it alive with an exit code of its own.
async function revokeOneByOne() {
  for (const jti of revoke.slice(half)) await engine.revoke({ jti, exp })
}
void revokeOneByOne()
