import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { DockerOptions } from 'dockerode'
import { AppError, errorMessage, StartError } from '../errors.ts'

/** Where the Docker Engine is. Both dockerode and the Compose command line are told the same place, so that they never see two Engines. */
export interface DockerEndpoint {
  /** In the form of DOCKER_HOST. */
  dockerHost: string
  /** For messages: the path of the socket, or the URL. */
  name: string
  options: DockerOptions
}

const systemSocket = '/var/run/docker.sock'

/**
 * @param dockerHost as DOCKER_HOST spells it; without it the system's socket, else the one of Docker Desktop or of a rootless Engine
 * @throws StartError when it is no address
 */
export function dockerEndpoint(dockerHost: string | undefined, env: NodeJS.ProcessEnv = process.env): DockerEndpoint {
  const host = dockerHost || `unix://${defaultSocket(env)}`
  if (host.startsWith('unix://')) {
    const socketPath = host.slice('unix://'.length) || systemSocket
    // An undefined host keeps docker-modem from preferring the DOCKER_HOST of the environment.
    return { dockerHost: `unix://${socketPath}`, name: socketPath, options: { socketPath, host: undefined } }
  }
  const url = parseUrl(host)
  const tls = env.DOCKER_TLS_VERIFY === '1' || url.port === '2376'
  const protocol = url.protocol === 'ssh:' ? 'ssh' : tls ? 'https' : 'http'
  return {
    dockerHost: host,
    name: `${url.protocol}//${url.host}`,
    // The certificates in DOCKER_CERT_PATH are read by docker-modem itself, from the environment.
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

/** A socket of this machine answers at once, one elsewhere within a round trip or two. */
const connectWithinMs = 3_000

/** Why nothing answers at `endpoint`, for a command that says only that it could not connect; null when the connection is fine or over ssh. */
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

/** What a person has to look at, by the error that the connection met. */
const advice: Record<string, string> = {
  ENOENT: 'there is no such socket. Is Docker installed and running?',
  ECONNREFUSED: 'nothing listens there. Is Docker running?',
  EACCES: 'this user may not use the socket. Add the user to the group that owns it (often "docker") and log in again.',
  ENOTFOUND: 'the host name is unknown. Is DOCKER_HOST right?',
}

/** The error for a Docker that does not answer at `endpoint`. `cause` is what the connection met, or a sentence. */
export function dockerUnavailable(endpoint: DockerEndpoint, cause: unknown): AppError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const why = advice[code] ?? `${errorMessage(cause).trim()}. Is Docker running?`
  return new AppError('DOCKER_UNAVAILABLE', `Docker does not answer at ${endpoint.name}: ${why}`, { cause })
}
