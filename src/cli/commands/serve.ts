import { type Command, Option } from 'commander'
import type { RunningServer } from '../../server/index.js'
import { CliError } from '../errors.js'
import { inVariableNames } from '../input/variable-names.js'
import { addOutputOptions } from '../options.js'
import { readSettings, variablesRead } from '../serve/read-settings.js'
import { ENGINE_SETTINGS, flagOf, SERVER_SETTINGS, type Setting, variableOf } from '../serve/settings.js'
import { withNoteOnNew } from '../with-store.js'

const SIGNALS = ['SIGTERM', 'SIGINT'] as const
const PACKAGES = ['fastify', '@fastify/rate-limit', 'jose']

/** Adds `serve`, the sidecar for proxies. */
export function addServe(program: Command): void {
  const command = program
    .command('serve')
    .description(
      'Answer proxies over HTTP: /check, and revocations over an API. Needs the packages fastify and ' +
        '@fastify/rate-limit, and jose to verify signatures.',
    )
    .addOption(new Option('--config <file>', 'a JSON file with these options by name (REVOCADE_CONFIG)'))
  for (const setting of [...SERVER_SETTINGS, ...ENGINE_SETTINGS].filter(({ secret }) => secret !== true))
    command.addOption(new Option(`${flagOf(setting)} <${placeholderOf(setting)}>`, helpOf(setting)))
  const secrets = [...SERVER_SETTINGS, ...ENGINE_SETTINGS].filter(({ secret }) => secret === true)
  command.addHelpText(
    'after',
    `
Secrets have no flag. They stand in the file, or in a variable:
${secrets.map((setting) => `  ${variableOf(setting)}: ${setting.help}`).join('\n')}
Examples:
  revocade serve --store ./revocade.db
  REVOCADE_ADMIN_TOKEN=$(openssl rand -hex 32) revocade serve --jwks https://issuer.example/jwks.json`,
  )
  addOutputOptions(command.action(serve))
}

async function serve(flags: Readonly<Record<string, unknown>>): Promise<void> {
  const server = await started(flags).catch((error: unknown) => {
    throw inVariableNames(error, variablesRead(flags, process.env))
  })
  await new Promise<void>((resolve) => {
    // A second signal has its usual effect: it ends the process at once.
    for (const signal of SIGNALS) process.once(signal, () => resolve())
  })
  await server.close()
}

async function started(flags: Readonly<Record<string, unknown>>): Promise<RunningServer> {
  const file = typeof flags.config === 'string' ? flags.config : process.env.REVOCADE_CONFIG
  const options = await readSettings(flags, process.env, file === '' ? undefined : file)
  const { startServer } = await imported()
  const { store = './revocade.db', namespace } = options.engine ?? {}
  const start = (): ReturnType<typeof startServer> => withPackages(() => startServer(options))
  if (typeof store !== 'string' || namespace === '') return start()
  return withNoteOnNew({ store, ...(namespace === undefined ? {} : { namespace }) }, start)
}

const imported = (): Promise<typeof import('../../server/index.js')> =>
  withPackages(() => import('../../server/index.js'))

/** Says how to install what the server needs, where it is missing. */
async function withPackages<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const name = PACKAGES.find((name) => error instanceof Error && error.message.includes(`'${name}'`))
    if (code !== 'ERR_MODULE_NOT_FOUND' || name === undefined) throw error
    throw new CliError(
      'ERR_PEER_MISSING',
      `serve needs the package ${name}, which is not installed: npm install ${PACKAGES.join(' ')}`,
      { cause: error },
    )
  }
}

function placeholderOf({ kind }: Setting): string {
  return kind === 'number' ? 'number' : kind === 'json' ? 'json' : kind === 'boolean' ? 'boolean' : 'value'
}

function helpOf(setting: Setting): string {
  return `${setting.help} (${variableOf(setting)})`
}
