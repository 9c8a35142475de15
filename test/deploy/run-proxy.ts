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

/** A configuration of docs/deploy, with the ports of a test. */
function configured(file: string, { proxy, check, app, edit = (text) => text }: Ports): string {
  const text = edit(readFileSync(join(DEPLOY, file), 'utf8'))
  const ports = new Map([
    ['127.0.0.1:8080', proxy],
    ['127.0.0.1:8521', check],
    ['127.0.0.1:3000', app],
  ])
  for (const [place] of ports) if (!text.includes(place)) throw new Error(`${file} does not name ${place}`)
  return text.replace(/127\.0\.0\.1:(?:8080|8521|3000)/g, (place) => `127.0.0.1:${ports.get(place) ?? 0}`)
}

/** Writes the configuration into a folder; returns the arguments of the program. */
const PREPARE: Readonly<Record<ProxyName, (folder: string, ports: Ports) => readonly string[]>> = {
  nginx: (folder, ports) => {
    writeFileSync(join(folder, 'revocade.conf'), configured('nginx/revocade.conf', ports))
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
    writeFileSync(join(folder, 'Caddyfile'), configured('caddy/Caddyfile', ports))
    return ['run', '--config', 'Caddyfile', '--adapter', 'caddyfile']
  },
  haproxy: (folder, ports) => {
    writeFileSync(join(folder, 'haproxy.cfg'), configured('haproxy/haproxy.cfg', ports))
    copyFileSync(join(DEPLOY, 'haproxy/revocade.lua'), join(folder, 'revocade.lua'))
    return ['-db', '-f', 'haproxy.cfg']
  },
}

/** Starts a proxy with its configuration of docs/deploy. */
export async function runProxy(
  name: ProxyName,
  { program, libraries }: ProxyProgram,
  folder: string,
  upstreams: Omit<Ports, 'proxy'>,
): Promise<{ readonly port: number; readonly stop: () => Promise<void> }> {
  const place = join(folder, `${name}-run`)
  mkdirSync(place)
  const port = portToTry()
  const args = PREPARE[name](place, { ...upstreams, proxy: port })
  const child = spawn(program, args, {
    cwd: place,
    env: {
      ...process.env,
      LD_LIBRARY_PATH: libraries,
      HOME: place,
      XDG_DATA_HOME: place,
      XDG_CONFIG_HOME: place,
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
