import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { canInstall, installPackage } from './apt.js'

const LIBRARY = 'faketime/libfaketimeMT.so.1'

/**
 * The path of libfaketime, which shifts the wall clock of a process that is started with it in LD_PRELOAD.
 * It is installed where it is missing and may be (Debian, root, no `REVOCADE_TEST_NO_INSTALL`).
 */
export async function libfaketime(): Promise<string> {
  const found = find()
  if (found !== undefined) return found
  if (process.env.REVOCADE_TEST_NO_INSTALL !== '1' && (await canInstall())) {
    process.stderr.write("libfaketime: now installing Debian's libfaketime with apt-get\n")
    await installPackage('libfaketime')
  }
  const installed = find()
  if (installed === undefined)
    throw new Error(
      `No ${LIBRARY} below /usr/lib: install libfaketime (on Debian as root: apt-get install libfaketime)`,
    )
  return installed
}

/** Debian keeps it in a folder that is named for the architecture. */
function find(): string | undefined {
  return readdirSync('/usr/lib')
    .flatMap((folder) => [join('/usr/lib', LIBRARY), join('/usr/lib', folder, LIBRARY)])
    .find((path) => existsSync(path))
}
