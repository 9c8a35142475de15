import { everywhere, type Fault, unnoticed } from '../fault.js'
import { someone } from '../scene.js'

export const clockAstray: Fault = {
  name: 'a wall clock goes an hour astray',
  appliesTo: everywhere,
  async inject(scene) {
    const { peers, random } = scene
    const me = someone(scene)
    peers.setClock(me, random.chance(0.7) ? 3600 : -3600, { astray: true })
    await peers.clocksSet()
    return async () => {
      // Whatever it saves as it closes, it made by that clock.
      const ends = random.chance(0.5)
      if (ends) await peers.end(me)
      peers.setClock(me, 0)
      if (ends) await peers.restart(me)
      await peers.clocksSet()
    }
  },
  lastsMs: [0, 3000],
  expected: (cell) => ({ ...unnoticed(cell), astray: true }),
}
