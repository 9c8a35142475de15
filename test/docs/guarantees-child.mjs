// Revokes one token after another and says so, until it is killed. argv: store, first number.
import { writeSync } from 'node:fs'
import { createRevocade } from 'revocade'

const revocade = await createRevocade({ store: process.argv[2] })
const exp = Math.floor(Date.now() / 1000) + 3600
let next = Number(process.argv[3])
// Eight at a time: some are always under way.
await Promise.all(
  Array.from({ length: 8 }, async () => {
    for (;;) {
      const n = next++
      await revocade.revoke({ jti: `t${n}`, exp })
      writeSync(1, `${n}\n`)
    }
  }),
)
