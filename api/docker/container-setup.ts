import type { ContainerInspectInfo, ImageInspectInfo } from 'dockerode'
import { composeLabels } from './container-mapping.ts'
import type { ContainerSetup } from './engine.types.ts'

/** What of a container was asked for when it was made, without what its image brings. */
export function toContainerSetup(info: ContainerInspectInfo, image: ImageInspectInfo | null): ContainerSetup {
  const { Config: config, HostConfig: host } = info
  const ofImage = image?.Config
  const command = changed(config.Cmd, ofImage?.Cmd)
  const entrypoint = changed(listOf(config.Entrypoint), listOf(ofImage?.Entrypoint))
  return {
    service: config.Labels[composeLabels.service] ?? info.Name.replace(/^\//, ''),
    image: config.Image,
    // A new entrypoint makes Docker forget the image's command.
    ...{ entrypoint, command: entrypoint === null ? command : (config.Cmd ?? null) },
    user: config.User && config.User !== ofImage?.User ? config.User : null,
    environment: config.Env.filter((line) => !(ofImage?.Env ?? []).includes(line)).map(pair),
    labels: Object.fromEntries(
      Object.entries(config.Labels).filter(([name, value]) => !name.startsWith('com.docker.compose.') && ofImage?.Labels?.[name] !== value),
    ),
    restart: restartOf(host.RestartPolicy),
    networkMode: /^(host|none|bridge|container:.+)$/.test(host.NetworkMode ?? '') ? (host.NetworkMode ?? null) : null,
    networks: Object.keys(info.NetworkSettings.Networks),
    ports: portsOf(host),
    mounts: info.Mounts.map(({ Type: kind, Name: name, Source: source, Destination: target, RW: isWritable }) => ({
      ...{ kind: kind === 'volume' || kind === 'bind' ? kind : ('other' as const), target, isReadOnly: !isWritable },
      source: kind === 'volume' ? (name ?? '') : source,
    })),
    isPrivileged: host.Privileged === true,
    capabilities: (host.CapAdd as string[] | null | undefined) ?? [],
    devices: ((host.Devices as { PathOnHost: string; PathInContainer: string }[] | null | undefined) ?? []).map(
      ({ PathOnHost: from, PathInContainer: to }) => `${from}:${to}`,
    ),
  }
}

const listOf = (value: string | string[] | null | undefined): string[] | null => (typeof value === 'string' ? [value] : (value ?? null))

/** Null when the image says the same. */
const changed = (own: string[] | null | undefined, ofImage: string[] | null | undefined): string[] | null =>
  JSON.stringify(own ?? []) === JSON.stringify(ofImage ?? []) ? null : (own ?? [])

function pair(line: string): { name: string; value: string } {
  const end = line.indexOf('=')
  return end < 0 ? { name: line, value: '' } : { name: line.slice(0, end), value: line.slice(end + 1) }
}

function restartOf(policy: ContainerInspectInfo['HostConfig']['RestartPolicy']): string | null {
  if (!policy || policy.Name === '' || policy.Name === 'no') return null
  return policy.Name === 'on-failure' && policy.MaximumRetryCount ? `on-failure:${policy.MaximumRetryCount}` : policy.Name
}

/** Such as `127.0.0.1:8080:80/tcp`. */
function portsOf(host: ContainerInspectInfo['HostConfig']): string[] {
  const bindings = (host.PortBindings ?? {}) as Record<string, { HostIp?: string; HostPort?: string }[] | null>
  return Object.entries(bindings).flatMap(([port, places]) =>
    (places ?? []).map(({ HostIp: ip, HostPort: hostPort }) => {
      const target = port.replace(/\/tcp$/, '')
      if (!hostPort) return target
      return `${ip && ip !== '0.0.0.0' ? `${ip.includes(':') ? `[${ip}]` : ip}:` : ''}${hostPort}:${target}`
    }),
  )
}
