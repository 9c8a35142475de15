import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ROOT } from '../support/markdown.js'
import { portToTry } from '../support/redis/free-port.js'
import type { ProxyName, ProxyProgram } from './find-proxy.js'

const DEPLOY = join(ROOT, 'docs/deploy')

/** Where the proxy, the sidecar and the app listen. */
export interface Ports {
  readonly proxy: number
  readonly check: number
  readonly app: number
  /** Changes the configuration, to see what another one would do. */
  readonly edit?: (text: string) => string
}

/** A configuration of docs/deploy, with other ports in the place of its own ones. */
export function configured(file: string, ports: Readonly<Record<number, number>>, edit = same): string {
  const text = edit(readFileSync(join(DEPLOY, file), 'utf8'))
  for (const port of Object.keys(ports))
    if (!text.includes(`127.0.0.1:${port}`)) throw new Error(`${file} does not name 127.0.0.1:${port}`)
  return text.replace(/127\.0\.0\.1:(\d+)/g, (place, port: string) => {
    const other = ports[Number(port)]
    return other === undefined ? place : `127.0.0.1:${other}`
  })
}

const same = (text: string): string => text

/** A configuration of a proxy that asks /check. */
const asking = (file: string, { proxy, check, app, edit }: Ports): string =>
  configured(file, { 8080: proxy, 8521: check, 3000: app }, edit)

/** Writes the configuration into a folder; returns the arguments of the program. */
const PREPARE: Readonly<Record<ProxyName, (folder: string, ports: Ports) => readonly string[]>> = {
  nginx: (folder, ports) => {
    writeFileSync(join(folder, 'revocade.conf'), asking('nginx/revocade.conf', ports))
    const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    const places = kinds.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ')
    // Else a worker of nobody could not write here.
    const asRoot = process.getuid?.() === 0 ? 'user root;' : ''
    writeFileSync(
      join(folder, 'nginx.conf'),
      `${asRoot} worker_processes 1; daemon off; pid ${folder}/pid; error_log stderr warn;
       events { worker_connections 256; }
       http { access_log off; ${places} include revocade.conf; }\n`,
    )
    return ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')]
  },
  caddy: (folder, ports) => {
    writeFileSync(join(folder, 'Caddyfile'), asking('caddy/Caddyfile', ports))
    return ['run', '--config', 'Caddyfile', '--adapter', 'caddyfile']
  },
  haproxy: (folder, ports) => {
    writeFileSync(join(folder, 'haproxy.cfg'), asking('haproxy/haproxy.cfg', ports))
    copyFileSync(join(DEPLOY, 'haproxy/revocade.lua'), join(folder, 'revocade.lua'))
    // From another folder than that of its files.
    return ['-db', '-C', '/', '-f', join(folder, 'haproxy.cfg')]
  },
}

/** The names of the sidecar's headers, with what CGI and others read as a hyphen. */
export const SPELLINGS = ['Status', 'Verified'].flatMap((name) =>
  ['--', '_-', '-_', '__'].map(([a, b]) => `X${a}Revocade${b}${name}`),
)

/** A proxy that runs. */
export interface RunningProxy {
  readonly port: number
  readonly stop: () => Promise<void>
}

/** Starts a proxy with its configuration of docs/deploy. */
export async function runProxy(
  name: ProxyName,
  program: ProxyProgram,
  folder: string,
  upstreams: Omit<Ports, 'proxy'>,
): Promise<RunningProxy> {
  const place = join(folder, `${name}-run`)
  mkdirSync(place)
  const port = portToTry()
  return startProxy(program, PREPARE[name](place, { ...upstreams, proxy: port }), { place, port })
}

/** Starts a program, and waits until it accepts connections at its port. */
export async function startProxy(
  { program, libraries }: ProxyProgram,
  args: readonly string[],
  { place, port, env = {} }: { place: string; port: number; env?: Readonly<Record<string, string>> },
): Promise<RunningProxy> {
  const child = spawn(program, args, {
    cwd: place,
    env: {
      ...process.env,
      LD_LIBRARY_PATH: libraries,
      HOME: place,
      XDG_DATA_HOME: place,
      XDG_CONFIG_HOME: place,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4000)))
  const ended = once(child, 'exit')
  await accepts(port, child, () => said)
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended
  }
  return { port, stop }
}

/** Resolves when the proxy accepts connections. */
async function accepts(port: number, child: ChildProcess, said: () => string): Promise<void> {
  while (!(await isOpen(port))) {
    if (child.exitCode !== null) throw new Error(`the proxy did not start: ${said()}`)
    await sleep(20)
  }
}

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
