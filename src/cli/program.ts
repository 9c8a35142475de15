import { Command, CommanderError } from 'commander'
import { storeOption } from '../option-values.js'
import { redact } from '../redact.js'
import { CliError, reportOf } from './errors.js'
import { inVariableNames, variablesOf } from './input/variable-names.js'
import { note, tone } from './output/print.js'
import { packageVersion } from './package-version.js'
import { noteOnUnknown } from './unknown-variables.js'

/** The exit codes. 1 means "revoked", so every failure is 2. */
export const EXIT = { ok: 0, revoked: 1, error: 2 } as const

const VERSION_FLAGS = ['-V', '--version']

type Add = (program: Command) => void

/** The commands, in the order of the help. Each is imported with what it needs, and only where it is used. */
const COMMANDS = new Map<string, () => Promise<Add>>([
  ['demo', async () => (await import('./commands/demo.js')).addDemo],
  ['revoke', async () => (await import('./commands/revoke.js')).addRevoke],
  ['check', async () => (await import('./commands/check.js')).addCheck],
  ['unrevoke', async () => (await import('./commands/unrevoke.js')).addUnrevoke],
  ['list', async () => (await import('./commands/list.js')).addList],
  ['sessions', async () => (await import('./commands/sessions.js')).addSessions],
  ['import', async () => (await import('./commands/import.js')).addImport],
  ['export', async () => (await import('./commands/export.js')).addExport],
  ['migrate', async () => (await import('./commands/migrate.js')).addMigrate],
  ['backup', async () => (await import('./commands/backup.js')).addBackup],
  ['restore', async () => (await import('./commands/restore.js')).addRestore],
  ['stats', async () => (await import('./commands/stats.js')).addStats],
  ['watch', async () => (await import('./commands/watch.js')).addWatch],
  ['doctor', async () => (await import('./commands/doctor.js')).addDoctor],
  ['tune', async () => (await import('./commands/tune.js')).addTune],
  ['serve', async () => (await import('./commands/serve.js')).addServe],
])

/**
 * The program with the command that a command line names, or with all of them where it names none: for the
 * help, and to suggest one. An action sets `process.exitCode` when the result is not 0.
 *
 * @param onStart - called before the action of the command with the variables that its options come from
 */
async function createProgram(
  [name = '']: readonly string[],
  onStart: (variables: ReadonlyMap<string, string>) => void,
): Promise<Command> {
  const program = new Command('revocade')
    .description(
      'Token revocation in the hot path: revoke tokens, ask whether they are, look after the store.',
    )
    .version(packageVersion(), VERSION_FLAGS.join(', '))
    .configureOutput({ outputError: () => undefined })
    .exitOverride()
    .hook('preAction', (_program, command) => {
      onStart(variablesOf(command))
      const options = command.opts()
      const unknown = noteOnUnknown(process.env, options)
      if (unknown !== undefined) note(unknown, options)
      checkStorePath(options)
    })
    .addHelpText(
      'after',
      `
Exit codes: 0 active or done, 1 revoked, 2 error or unknown.
Examples: revocade demo
          revocade revoke --jti 7f2c --iss https://issuer.example --expires-in 8h
          echo "$TOKEN" | revocade check -`,
    )
  const named = COMMANDS.get(name)
  const commands = named !== undefined ? [named] : VERSION_FLAGS.includes(name) ? [] : COMMANDS.values()
  for (const imported of commands) (await imported())(program)
  return program
}

/**
 * Runs one command line. Errors are printed on stderr; the promise does not reject.
 *
 * @param argv - the arguments after the name of the program
 * @returns the exit code
 */
export async function run(argv: readonly string[]): Promise<number> {
  process.exitCode = EXIT.ok
  let variables: ReadonlyMap<string, string> = new Map()
  const program = await createProgram(argv, (read) => (variables = read))
  if (argv.length === 0) {
    process.stderr.write(program.helpInformation())
    return EXIT.error
  }
  try {
    await program.parseAsync(unknownCommand(program, argv) ?? argv, { from: 'user' })
    return exitCode()
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok
    printError(inVariableNames(error, variables), argv)
    return EXIT.error
  }
}

/** Refuses an address before any command shows it: the file of that name might be a password. */
function checkStorePath({ store }: { readonly store?: unknown }): void {
  if (store !== undefined) storeOption(store)
}

/**
 * `help lst` and `lst --help` read as `lst`: commander then says that there is no such command and suggests
 * one. It would show the help of the program instead, without a word about the name.
 *
 * @returns undefined when each name is that of a command
 */
function unknownCommand(program: Command, argv: readonly string[]): readonly string[] | undefined {
  const words = argv[0] === 'help' ? argv.slice(1) : argv
  let command = program
  for (const [i, word] of words.entries()) {
    if (command.commands.length === 0 || word.startsWith('-') || word === 'help') return undefined
    const named = command.commands.find((one) => one.name() === word)
    if (named === undefined) return words.slice(0, i + 1)
    command = named
  }
  return undefined
}

/** The exit code that the action set. */
function exitCode(): number {
  return typeof process.exitCode === 'number' ? process.exitCode : EXIT.ok
}

function printError(error: unknown, argv: readonly string[]): void {
  const report = reportOf(error instanceof CommanderError ? usageError(error) : error)
  if (argv.includes('--json')) process.stderr.write(`${JSON.stringify({ error: report })}\n`)
  else process.stderr.write(`${tone(report.code, 'bad', process.stderr)}: ${report.message}\n`)
  const verbose = argv.includes('--verbose') || (process.env.DEBUG ?? '').includes('revocade')
  if (verbose && error instanceof Error)
    process.stderr.write(redact(`${error.stack ?? ''}\n${causes(error)}`))
}

/** Turns a message of commander, with its suggestion, into the form of ours. */
function usageError(error: CommanderError): CliError {
  const message = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ')
  return new CliError(
    'ERR_USAGE',
    `${message}${/[.)?]$/.test(message) ? '' : '.'} ` +
      "'revocade --help' lists all commands, 'revocade <command> --help' its options.",
  )
}

function causes(error: Error): string {
  return error.cause instanceof Error
    ? `caused by ${error.cause.stack ?? error.cause.message}\n${causes(error.cause)}`
    : ''
}
