import type { StartHost } from './case-table.js'

const load = (path: string): Promise<unknown> => import(path)

/** Starts the host of a file in `hosts`, which is JavaScript, as users write it. */
export const hostOf =
  (name: string): StartHost =>
  async (world) => {
    const { start } = (await load(`./hosts/${name}.mjs`)) as { start: StartHost }
    return start(world)
  }

/** The same for a host that runs on several versions of a framework: on the default export of a package. */
export const hostOn =
  (name: string, framework: string): StartHost =>
  async (world) => {
    const { start } = (await load(`./hosts/${name}.mjs`)) as {
      start: (framework: unknown, ...rest: Parameters<StartHost>) => ReturnType<StartHost>
    }
    return start(((await load(framework)) as { default: unknown }).default, world)
  }
