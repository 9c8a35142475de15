// The process of one server: `server.js NAME GIVEN`.
import { ENTRIES, type Given, INTROSPECTION, startIntrospection } from './servers.js'
import { keepTickShape } from './tick-shape.js'

keepTickShape()

const [name = '', given = ''] = process.argv.slice(2)
const entry = ENTRIES.find((one) => one.name === name)
if (entry === undefined && name !== INTROSPECTION) throw new Error(`there is no server ${name}`)
const port = await (entry === undefined ? startIntrospection() : entry.start(JSON.parse(given) as Given))
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.(user + system)
})
process.on('disconnect', () => process.exit())
process.send?.(port)
