import type { Logger } from './ports/index.js'
import { redact, redactValue } from './redact.js'

/**
 * A logger that never throws and never shows a secret, around one that might. Messages come from timers and
 * events, where an exception would end the process.
 */
export function safeLogger(logger: Logger): Logger {
  // A logger may be asynchronous, whatever its type says.
  const inner: Record<keyof Logger, (details: object, message: string) => unknown> = logger
  const method =
    (level: keyof Logger) =>
    (details: object, message: string): void => {
      try {
        const result = inner[level](redacted(details), redact(message))
        if (result instanceof Promise) result.catch(() => undefined)
      } catch {
        // There is nobody left to tell.
      }
    }
  return { debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') }
}

const redacted = (details: object): object =>
  Object.fromEntries(Object.entries(details).map(([name, value]) => [name, redactValue(value)]))
