import { execFileSync } from 'node:child_process'
import { chownSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A server refuses to run as root: it then runs as a user who owns nothing else. */
export const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

/** A new folder that belongs to the user of the servers. */
export function serverFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'revocade-postgres-'))
  if (NOBODY.uid !== undefined) chownSync(folder, NOBODY.uid, NOBODY.gid)
  return folder
}

/** Makes the data of an empty server, in a folder of its own. initdb takes a second, a copy none. */
export function makeTemplate(bin: string): { readonly folder: string; readonly template: string } {
  const folder = serverFolder()
  const template = join(folder, 'data')
  const args = ['-D', template, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
  execFileSync(join(bin, 'initdb'), args, { ...NOBODY, stdio: 'pipe', cwd: '/' })
  return { folder, template }
}

/** Copies it to where nothing is yet. */
export function copyTemplate(template: string, data: string): void {
  execFileSync('cp', ['-R', template, data], { ...NOBODY, stdio: 'pipe', cwd: '/' })
}
