#!/usr/bin/env node
import { EXIT, run } from './program.js'

// The reader went away (`revocade list | head`): there is nobody left to tell, and not all was said.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.error)
    throw error
  })
}

process.exitCode = await run(process.argv.slice(2))
