/**
 * Answers the calls of the process that forked this one (`Callee` of process.ts), each by the handler of its name. Message 0
 * says that it serves. The process ends when its parent does.
 *
 * @param {Record<string, (args: any) => unknown>} handlers
 */
export function serve(handlers) {
  process.on('message', async ({ id, what, args }) => {
    try {
      process.send({ id, value: await handlers[what](args) })
    } catch ({ code, message }) {
      process.send({ id, error: { code, message } })
    }
  })
  process.on('disconnect', () => process.exit())
  process.send({ id: 0 })
}
