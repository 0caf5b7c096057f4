import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { ExecutionContext } from 'ava'
import Docker from 'dockerode'
import { freePort } from './free-port.ts'

export interface Ran {
  code: number
  /** Standard output and error. */
  output: string
}

/** A server on which docker/install.sh runs: it writes into folders of its own, and its container and command have a name of their own. */
export interface Server {
  service: string
  dir: string
  unit: string
  port: number
  url: string
  /** Options that keep the script in this server's folders. */
  options: string
  /** Runs a line for a shell there. */
  run: (line: string, env?: Record<string, string>) => Promise<Ran>
}

/** Everything it installs is removed after the test. */
export async function installServer(t: Pick<ExecutionContext<unknown>, 'teardown'>, service: string): Promise<Server> {
  const root = mkdtempSync(join(tmpdir(), `${service}-`))
  const [bin, dir, port] = [join(root, 'bin'), join(root, 'srv'), await freePort()]
  mkdirSync(bin)
  // The tests have the rights that they need, and sudo would drop the variables.
  writeFileSync(join(bin, 'sudo'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 })
  const env = { ...process.env, BIN_DIR: bin, UNIT_DIR: bin, PATH: [bin, process.env['PATH']].join(delimiter) }
  t.teardown(async () => {
    await new Docker()
      .getContainer(service)
      .remove({ force: true, v: true })
      .catch(() => undefined)
    rmSync(root, { recursive: true, force: true })
  })
  return {
    ...{ service, dir, port, unit: join(bin, `${service}.service`), url: `http://127.0.0.1:${port}` },
    options: `--dir ${dir} --service ${service} --port ${port} --name ${service}`,
    run: (line, more = {}) => run('sh', ['-c', line], { ...env, ...more }),
  }
}

export async function run(program: string, args: string[], env: NodeJS.ProcessEnv = process.env): Promise<Ran> {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number>((resolve, reject) => child.once('error', reject).once('close', (code) => resolve(code ?? 1)))
  const [code, out, error] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  return { code, output: out + error }
}
