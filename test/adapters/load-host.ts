import type { StartHost } from './case-table.js'

/** Starts the host of a file in `hosts`, which is JavaScript, as users write it. */
export const hostOf =
  (name: string): StartHost =>
  async (world) => {
    const path = `./hosts/${name}.mjs`
    const { start } = (await import(path)) as { start: StartHost }
    return start(world)
  }
