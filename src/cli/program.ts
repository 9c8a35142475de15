import { Command, CommanderError } from 'commander'
import { storeOption } from '../option-values.js'
import { redact } from '../redact.js'
import { addBackup } from './commands/backup.js'
import { addCheck } from './commands/check.js'
import { addDemo } from './commands/demo.js'
import { addDoctor } from './commands/doctor.js'
import { addExport } from './commands/export.js'
import { addImport } from './commands/import.js'
import { addList } from './commands/list.js'
import { addMigrate } from './commands/migrate.js'
import { addRestore } from './commands/restore.js'
import { addRevoke } from './commands/revoke.js'
import { addServe } from './commands/serve.js'
import { addSessions } from './commands/sessions.js'
import { addStats } from './commands/stats.js'
import { addTune } from './commands/tune.js'
import { addUnrevoke } from './commands/unrevoke.js'
import { addWatch } from './commands/watch.js'
import { CliError, reportOf } from './errors.js'
import { tone } from './output/print.js'
import { packageVersion } from './package-version.js'

/** The exit codes. 1 means "revoked", so every failure is 2. */
export const EXIT = { ok: 0, revoked: 1, error: 2 } as const

/** The program with all commands. An action sets `process.exitCode` when the result is not 0. */
export function createProgram(): Command {
  const program = new Command('revocade')
    .description(
      'Token revocation in the hot path: revoke tokens, ask whether they are, look after the store.',
    )
    .version(packageVersion(), '-V, --version')
    .configureOutput({ outputError: () => undefined })
    .exitOverride()
    .hook('preAction', (_program, command) => checkStorePath(command.opts()))
    .addHelpText(
      'after',
      `
Exit codes: 0 active or done, 1 revoked, 2 error or unknown.
Examples: revocade demo
          revocade revoke --jti 7f2c --iss https://issuer.example --expires-in 8h
          echo "$TOKEN" | revocade check -`,
    )
  for (const add of [
    addDemo,
    addRevoke,
    addCheck,
    addUnrevoke,
    addList,
    addSessions,
    addImport,
    addExport,
    addMigrate,
    addBackup,
    addRestore,
    addStats,
    addWatch,
    addDoctor,
    addTune,
    addServe,
  ])
    add(program)
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
  const program = createProgram()
  if (argv.length === 0) {
    process.stderr.write(program.helpInformation())
    return EXIT.error
  }
  try {
    await program.parseAsync(unknownCommand(program, argv) ?? argv, { from: 'user' })
    return exitCode()
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok
    printError(error, argv)
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
