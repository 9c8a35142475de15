// Opens the store; when told to, revokes, and exits while the write thread waits for the lock.
import { createRevocade } from 'revocade'

const revocade = await createRevocade({ store: process.argv[2] })
process.once('message', () => {
  revocade.revoke({ jti: 'a', exp: Math.floor(Date.now() / 1000) + 3600 }).catch(() => undefined)
  setTimeout(() => process.exit(7), 200)
})
process.send('up')
