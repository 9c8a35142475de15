#!/usr/bin/env node
import { EXIT, run } from './program.js'

let over = false

// The reader went away (`revocade list | head`): there is nobody left to tell, and not all was said.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    over = true
    if (error.code === 'EPIPE') process.exit(EXIT.error)
    throw error
  })
}

// Where nothing is left that what we wait for could come from, Node.js ends without a word. That is no success.
process.once('exit', () => {
  if (over) return
  process.exitCode = EXIT.error
  process.stderr.write('ERR_INTERNAL: the command ended before it was done\n')
})

process.exitCode = await run(process.argv.slice(2))
over = true
