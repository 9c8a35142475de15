// npm run start:gateway: nginx, the sidecar and an app. A token is revoked, and the next request with it refused.
import { spawn } from 'node:child_process'
import { createHmac, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const CONFIGURATION = new URL('nginx/revocade.conf', import.meta.url)
const secret = randomBytes(32).toString('hex')
const adminToken = randomBytes(32).toString('hex')

const nginx = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
  .map((folder) => join(folder, 'nginx'))
  .find(isExecutable)
if (nginx === undefined) {
  console.error(
    'nginx is not on PATH. Debian and Ubuntu: apt-get install nginx-light; macOS: brew install nginx',
  )
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'revocade-gateway-'))
const children = []
const app = createServer((request, response) => {
  response.end(`hello, ${request.headers['x-revocade-status']} by ${request.headers['x-revocade-verified']}`)
})
let ended = false
try {
  ended = await show()
} finally {
  for (const child of children) child.kill('SIGTERM')
  await Promise.all(children.map((child) => child.exitCode ?? once(child, 'exit')))
  app.close()
  app.closeAllConnections()
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = ended ? 0 : 1

/** Says whether all went as it should. */
async function show() {
  app.listen(0, '127.0.0.1')
  await once(app, 'listening')
  const sidecar = await startSidecar()
  const gateway = await startNginx(app.address().port, sidecar.listen)
  console.log(`app       http://127.0.0.1:${app.address().port}`)
  console.log(`sidecar   ${sidecar.listen}, for admins ${sidecar.adminListen}`)
  console.log(`nginx     ${gateway}, with docs/deploy/nginx/revocade.conf\n`)

  const [laptop, phone] = [tokenOf('laptop'), tokenOf('phone')]
  const statuses = [
    await ask(gateway, 'without a token', undefined),
    await ask(gateway, "with the laptop's token", laptop),
    await revoke(sidecar.adminListen, laptop),
    await ask(gateway, "with the laptop's token", laptop),
    await ask(gateway, "with the phone's token", phone),
  ]
  return statuses.join() === '401,200,201,401,200'
}

async function ask(gateway, how, token) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const reply = await fetch(gateway, { headers })
  const said = reply.status === 200 ? await reply.text() : reply.headers.get('www-authenticate')
  console.log(`GET / ${how.padEnd(24)} ${reply.status}  ${said}`)
  return reply.status
}

async function revoke(admin, token) {
  const reply = await fetch(`${admin}/revocations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ token, reason: 'laptop lost' }),
  })
  const { outcome, durable } = await reply.json()
  console.log(`POST /revocations              ${reply.status}  ${outcome}, durable: ${durable}`)
  return reply.status
}

async function startSidecar() {
  const child = spawn(
    process.execPath,
    [MAIN, 'serve', '--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0'],
    {
      cwd: folder,
      env: { ...process.env, REVOCADE_HMAC_SECRET: secret, REVOCADE_ADMIN_TOKEN: adminToken },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  children.push(child)
  const urls = {}
  for await (const line of createInterface({ input: child.stdout })) {
    const { listener, url } = JSON.parse(line)
    if (listener !== undefined) urls[listener] = url
    if (urls.adminListen !== undefined) return urls
  }
  throw new Error('the sidecar did not start')
}

async function startNginx(appPort, sidecar) {
  const port = await freePort()
  const text = readFileSync(CONFIGURATION, 'utf8')
    .replaceAll('127.0.0.1:8521', new URL(sidecar).host)
    .replaceAll('127.0.0.1:3000', `127.0.0.1:${appPort}`)
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`)
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join(' ')
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; pid ${folder}/nginx.pid; error_log stderr error;
     events {} http { access_log off; ${places} ${text} }\n`,
  )
  const child = spawn(nginx, ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  children.push(child)
  const gateway = `http://127.0.0.1:${port}/`
  while (child.exitCode === null && !(await fetch(gateway).catch(() => undefined))) await sleep(50)
  if (child.exitCode !== null) throw new Error('nginx did not start')
  return gateway
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** A JWT of alice, signed with HS256. */
function tokenOf(jti) {
  const now = Math.floor(Date.now() / 1000)
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: 'alice', jti, iat: now, exp: now + 3600 })}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
