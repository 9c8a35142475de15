import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { canInstall, librariesIn, unpackPackages } from '../support/apt.js'
import { onPath } from '../support/executable.js'

export type ProxyName = 'nginx' | 'caddy' | 'haproxy'

/** A program, and the folder of its libraries if it has one. */
export interface ProxyProgram {
  readonly program: string
  readonly libraries: string
}

/** Where the packages of Debian have the program, and which packages. */
const DEBIAN: Readonly<Record<ProxyName | 'apache2', readonly [path: string, ...packages: string[]]>> = {
  nginx: ['usr/sbin/nginx', 'nginx'],
  caddy: ['usr/bin/caddy', 'caddy'],
  apache2: [
    'usr/sbin/apache2',
    ...['apache2-bin', 'libapr1', 'libaprutil1', 'libcjose0', 'libhiredis0.14', 'libjansson4'],
    ...['libapache2-mod-oauth2', 'liboauth2-0', 'liboauth2-apache0', 'libmemcached11', 'libhashkit2'],
    'libapache2-mod-auth-openidc',
  ],
  haproxy: ['usr/sbin/haproxy', 'haproxy', 'liblua5.3-0', 'libopentracing-c-wrapper0', 'libopentracing1'],
}

/**
 * Looks for a proxy on PATH and, on a Debian as root, unpacks its package into a folder without installing
 * it.
 *
 * @returns the program, or why there is none
 */
export async function findProxy(name: ProxyName | 'apache2', folder: string): Promise<ProxyProgram | string> {
  const found = onPath(name)
  if (found !== undefined) return { program: found, libraries: '' }
  if (process.env.REVOCADE_TEST_NO_INSTALL === '1')
    return `no ${name} on PATH, and REVOCADE_TEST_NO_INSTALL is 1`
  if (!(await canInstall())) return `no ${name} on PATH, and apt-get needs root on a Debian`
  const place = join(folder, name)
  mkdirSync(place)
  const [path, ...packages] = DEBIAN[name]
  try {
    await unpackPackages(packages, place)
  } catch (error) {
    return `no ${name} on PATH, and apt-get has none: ${String(error).replace(/\s+/g, ' ').slice(0, 300)}`
  }
  return { program: join(place, path), libraries: librariesIn(place) }
}
