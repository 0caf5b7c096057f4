import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { DockerOptions } from 'dockerode'
import { AppError, errorMessage, StartError } from '../errors.ts'

/** Where the Docker Engine is. dockerode and the Compose command line use the same endpoint, so they never talk to different Engines. */
export interface DockerEndpoint {
  /** In the form of DOCKER_HOST. */
  dockerHost: string
  /** For messages: the socket path or the URL. */
  name: string
  options: DockerOptions
}

const systemSocket = '/var/run/docker.sock'

/**
 * @param dockerHost in the form of DOCKER_HOST; defaults to the system socket, then to that of Docker Desktop or a rootless Engine
 * @throws StartError when it is not an address
 */
export function dockerEndpoint(dockerHost: string | undefined, env: NodeJS.ProcessEnv = process.env): DockerEndpoint {
  const host = dockerHost || `unix://${defaultSocket(env)}`
  if (host.startsWith('unix://')) {
    const socketPath = host.slice('unix://'.length) || systemSocket
    // Without this, docker-modem would prefer DOCKER_HOST from the environment.
    return { dockerHost: `unix://${socketPath}`, name: socketPath, options: { socketPath, host: undefined } }
  }
  const url = parseUrl(host)
  const tls = env.DOCKER_TLS_VERIFY === '1' || url.port === '2376'
  const protocol = url.protocol === 'ssh:' ? 'ssh' : tls ? 'https' : 'http'
  return {
    dockerHost: host,
    name: `${url.protocol}//${url.host}`,
    // docker-modem itself reads the certificates in DOCKER_CERT_PATH.
    options: { host: url.hostname, port: url.port, protocol, ...(url.username ? { username: url.username } : {}) },
  }
}

function defaultSocket(env: NodeJS.ProcessEnv): string {
  const ofUser = [join(homedir(), '.docker/run/docker.sock'), ...(env.XDG_RUNTIME_DIR ? [join(env.XDG_RUNTIME_DIR, 'docker.sock')] : [])]
  return [systemSocket, ...ofUser].find((path) => existsSync(path)) ?? systemSocket
}

function parseUrl(dockerHost: string): URL {
  const text = dockerHost.includes('://') ? dockerHost : `tcp://${dockerHost}`
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url?.hostname || !['tcp:', 'http:', 'https:', 'ssh:'].includes(url.protocol)) {
    throw new StartError(`DOCKER_HOST must look like unix:///var/run/docker.sock, tcp://host:2375 or ssh://user@host, not "${dockerHost}"`)
  }
  return url
}

/** A local socket answers at once, a remote one within a round trip or two. */
const connectWithinMs = 3_000

/**
 * Tries to connect, to explain a command that reports only that it could not.
 *
 * @returns the connection's error, or null when it works or uses ssh
 */
export function connectionError({ options }: DockerEndpoint): Promise<Error | null> {
  const { socketPath, host, port, protocol } = options
  if (protocol === 'ssh') return Promise.resolve(null)
  return new Promise((resolve) => {
    const where = socketPath ? { path: socketPath } : { port: Number(port) || 2375, host: host ?? 'localhost' }
    const socket = connect({ ...where, timeout: connectWithinMs })
    socket.once('timeout', () => socket.destroy(new Error(`no answer within ${connectWithinMs / 1000} s`)))
    socket.once('connect', () => (socket.destroy(), resolve(null))).once('error', resolve)
  })
}

/** What went wrong and what to check, by the connection's error code. */
const advice: Record<string, string> = {
  ENOENT: 'the socket does not exist. Is Docker installed and running?',
  ECONNREFUSED: 'nothing is listening there. Is Docker running?',
  EACCES: 'permission denied. Add this user to the group that owns the socket (often "docker") and log in again',
  ENOTFOUND: 'host name not found. Is DOCKER_HOST right?',
}

/** The error to throw when Docker does not answer at `endpoint`. `cause` is the connection's error or a sentence. */
export function dockerUnavailable(endpoint: DockerEndpoint, cause: unknown): AppError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const why = advice[code] ?? `${errorMessage(cause).trim()}. Is Docker running?`
  return new AppError('DOCKER_UNAVAILABLE', `Docker does not answer at ${endpoint.name}: ${why}`, { cause })
}
