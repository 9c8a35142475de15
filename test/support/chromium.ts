import { type Browser, chromium } from 'playwright-core'
import { canInstall, installPackage } from './apt.js'
import { onPath } from './executable.js'

/**
 * Starts the Chromium that is found on PATH; on a Debian as root, its package is installed first where it is
 * missing.
 *
 * @returns undefined where there is none
 */
export async function launchChromium(): Promise<Browser | undefined> {
  const executablePath = onPath('chromium') ?? (await installed())
  if (executablePath === undefined) return undefined
  // Root has no sandbox, and only pages of this project are opened.
  return chromium.launch({ executablePath, chromiumSandbox: process.getuid?.() !== 0 })
}

async function installed(): Promise<string | undefined> {
  if (process.env.REVOCADE_TEST_NO_INSTALL === '1' || !(await canInstall())) return undefined
  await installPackage('chromium').catch(() => undefined)
  return onPath('chromium')
}
