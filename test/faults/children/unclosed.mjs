// Opens an engine, uses it, never closes it, and comes to its end: nothing of the engine may keep it alive, but what
// was begun must be finished.
import { createRevocade } from './package-under-test.mjs'

const { options, exp, revoke } = JSON.parse(process.argv[2])
const engine = await createRevocade(options)
if (await engine.isRevoked({ jti: 'other', exp })) process.exitCode = 1
for (const jti of revoke) void engine.revoke({ jti, exp })
