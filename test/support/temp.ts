import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, TestRunner } from 'vitest'

const ofThisFile: string[] = []

/** A new empty directory. It is removed when the test ends; outside of a test, when the file's tests end. */
export function temporaryDirectory(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'revocade-test-')))
  if (TestRunner.getCurrentTest() === undefined) ofThisFile.push(path)
  else onTestFinished(() => remove(path))
  return path
}

/** Removes the directories that no test owns. test/setup.ts calls it after each file. */
export function removeTemporaryDirectories(): void {
  for (const path of ofThisFile.splice(0)) remove(path)
}

// A process that was just killed may still hold a file of the directory.
const remove = (path: string): void => rmSync(path, { recursive: true, force: true, maxRetries: 5 })
