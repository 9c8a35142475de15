// Which port the server of a snippet has got. It asks for port 0: one that is free.
import { Server } from 'node:net'

/** The port of the first server that listens. Import it before the snippet. */
export const port = new Promise((resolve) => {
  const { listen } = Server.prototype
  Server.prototype.listen = function (...args) {
    this.once('listening', () => resolve(this.address().port))
    return listen.apply(this, args)
  }
})
