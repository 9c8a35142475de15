// A server in a process of its own, that says how much memory it uses. Argument: `interpreted`, or `compiled`.
import { readdirSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { serve } from '../support/serve.mjs'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')

// V8 keeps machine code on the same heap, with lists of what it depends on, and goes on compiling for hours. Without it,
// and with bytecode that stays, the heap has what the program keeps and hardly anything else.
if (process.argv[2] === 'interpreted')
  for (const flag of ['--no-opt', '--no-maglev', '--no-sparkplug', '--no-flush-bytecode'])
    setFlagsFromString(flag)

const { startServer } = await import('#dist/server/index.js')

serve({
  start: async (options) => {
    const { listen, adminListen } = await startServer(options)
    return { check: listen.port, admin: adminListen.port }
  },
  /** Bytes in use after a collection, and open descriptors. */
  look: async () => {
    for (let i = 0; i < 4; i++) {
      // What finalizers let go of is there until the next collection.
      await new Promise(setImmediate)
      collect()
    }
    // At once: what another turn allocates would count, garbage or not.
    return { heap: process.memoryUsage().heapUsed, descriptors: readdirSync('/proc/self/fd').length }
  },
})
