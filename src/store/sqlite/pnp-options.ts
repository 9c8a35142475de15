import { basename, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Options of Node.js that name a file to load first, as one argument or as two. */
const PRELOAD = /^(-r|--require|--import|--loader|--experimental-loader)(?:=(.*))?$/s

/**
 * The options by which Yarn's Plug'n'Play gets into a process: `-r ./.pnp.cjs` and the loader of ES modules.
 * Without them a thread finds no package.
 *
 * @param execArgv - the options of the process
 * @returns those that a thread needs. Their files are absolute: the working directory may change.
 */
export function pnpOptions(execArgv: readonly string[]): string[] {
  const found: string[] = []
  execArgv.forEach((argument, at) => {
    const [, option, inline] = PRELOAD.exec(argument) ?? []
    const file = inline ?? execArgv[at + 1] ?? ''
    if (option === undefined || !basename(file).startsWith('.pnp.')) return
    if (option === '-r' || option === '--require') found.push(option, resolve(file))
    else found.push(option, file.startsWith('file:') ? file : pathToFileURL(file).href)
  })
  return found
}
