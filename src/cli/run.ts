import { EXIT, run } from './program.js'

let over = false

// EPIPE: the reader is gone (`revocade list | head`). No message can reach it, and the output is incomplete.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    over = true
    if (error.code === 'EPIPE') process.exit(EXIT.error)
    throw error
  })
}

// Node.js exits with 0 when a promise is pending and no event can settle it. That must not count as success.
process.once('exit', () => {
  if (over) return
  process.exitCode = EXIT.error
  process.stderr.write('ERR_INTERNAL: the command ended before it was done\n')
})

process.exitCode = await run(process.argv.slice(2))
over = true
