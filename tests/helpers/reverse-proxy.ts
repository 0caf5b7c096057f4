import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { ExecutionContext } from 'ava'
import { dataFolder } from './data-folder.ts'
import { createSeen, type Seen } from './seen.ts'

export interface ReverseProxy {
  /** Replaces the configuration. What happens to open connections is up to the proxy. */
  reload: (config: string) => Promise<void>
  stop: () => Promise<void>
}

export type StartProxy = (t: ExecutionContext<unknown>, config: string) => Promise<ReverseProxy>

/** A real nginx for the test. @param config content of its `http` block, including where it listens */
export const startNginx: StartProxy = async (t, config) => {
  const folder = dataFolder(t)
  const file = join(folder, 'nginx.conf')
  // When root starts nginx, its workers would run as nobody, who cannot read this folder.
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  const write = (http: string): Promise<void> =>
    writeFile(
      file,
      `daemon off; ${user} worker_processes 1; pid ${folder}/pid; error_log stderr notice; events {} http { ${temp} ${http} }`,
    )
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')
  await write(`access_log off; ${config}`)
  const { child, said, stop } = launch(t, 'nginx', ['-e', 'stderr', '-p', folder, '-c', file], folder)
  const working = (from: number): Promise<string> => said.first((line) => line.includes('start worker process '), { from })
  await working(0)
  return {
    async reload(next) {
      const from = said.values.length
      await write(`access_log off; ${next}`)
      child.kill('SIGHUP')
      await working(from)
    },
    stop,
  }
}

/** A real Caddy for the test. @param config the sites of its Caddyfile */
export const startCaddy: StartProxy = async (t, config) => {
  const folder = dataFolder(t)
  const file = join(folder, 'Caddyfile')
  mkdirSync(join(folder, 'home'))
  const write = (sites: string): Promise<void> =>
    writeFile(file, `{\n admin unix/${folder}/admin.sock\n auto_https disable_redirects\n grace_period 1s\n}\n${sites}\n`)
  await write(config)
  const { said, stop } = launch(t, 'caddy', ['run', '--config', file], folder)
  await said.first((line) => line.includes('serving initial configuration'))
  return {
    async reload(next) {
      await write(next)
      const { child } = launch(t, 'caddy', ['reload', '--config', file, '--address', `unix/${folder}/admin.sock`], folder)
      const [code] = (await once(child, 'close')) as [number]
      if (code !== 0) throw new Error(`caddy reload exited with ${code}`)
    },
    stop,
  }
}

/** Longer than Caddy's grace period for connections that stay open, such as browsers'. */
const endDeadlineMs = 5000

interface Program {
  child: ChildProcess
  /** The lines it printed. */
  said: Seen<string>
  stop: () => Promise<void>
}

function launch(t: ExecutionContext<unknown>, program: string, options: string[], folder: string): Program {
  const env = { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`, HOME: join(folder, 'home') }
  const child = spawn(program, options, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const said = createSeen<string>(program)
  for (const output of [child.stdout, child.stderr]) createInterface({ input: output }).on('line', said.push)
  const closed = once(child, 'close').then(() => said.fail(new Error(`${program} exited: ${said.values.join('\n')}`)), said.fail)
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), endDeadlineMs)
    await closed
    clearTimeout(late)
  }
  t.teardown(async () => {
    await stop()
    if (!t.passed) console.log(`--- ${program} printed:\n${said.values.join('\n')}\n---`)
  })
  return { child, said, stop }
}
