import { posix } from 'node:path'
import type { ContainerRights, EngineProjects, TerminalContainer } from '../../../docker/engine.types.ts'
import type { PolicySettings } from './app-policy.ts'
import { modelFindings } from './policy-findings.ts'

/** A security option can be a whole seccomp profile. */
const mostDetail = 100

/** A container as the Compose file of a service that has the same rights. */
function modelOf({ name, rights }: Pick<TerminalContainer, 'name' | 'rights'>): object {
  const { namespaces, mounts } = rights
  const service = {
    privileged: rights.isPrivileged,
    cap_add: rights.capabilities,
    devices: rights.devices.map((path) => ({ source: path })),
    device_cgroup_rules: rights.deviceRules,
    security_opt: withoutDockersOwn(rights),
    gpus: rights.deviceRequests.map((request) => ({ driver: request })),
    ...{ pid: hostOnly(namespaces.pid), ipc: hostOnly(namespaces.ipc), uts: hostOnly(namespaces.uts) },
    userns_mode: hostOnly(namespaces.userns),
    // Without a mode, a service joins networks that the model does not have.
    network_mode: hostOnly(namespaces.network) || 'none',
    volumes: mounts.map(({ isReadOnly, ...mount }) => ({ ...mount, read_only: isReadOnly })),
  }
  const volumes = mounts.filter(({ type }) => type === 'volume').map(({ source }) => [source, { name: source }])
  return { services: { [name]: service }, volumes: Object.fromEntries(volumes) }
}

const hostOnly = (mode: string): string => (mode === 'host' ? mode : '')

/** Docker itself switches labels off for whoever shares the host's processes or memory anyway. */
const withoutDockersOwn = ({ securityOptions, isPrivileged, namespaces: { pid, ipc } }: ContainerRights): string[] =>
  isPrivileged || pid === 'host' || ipc === 'host' ? securityOptions.filter((option) => option !== 'label=disable') : securityOptions

/** Judges containers that run, whoever made them, by what the safety policy says of apps. */
export function createContainerPolicy(deps: {
  settings: PolicySettings
  volumes: EngineProjects['volumeDrivers']
  /** The folder of the app that a container belongs to; null for one of no app here. */
  folderOf: (container: TerminalContainer) => string | null
}) {
  const { settings } = deps

  /** What it may do that the policy refuses, such as `docker-socket /var/run/docker.sock`. @throws DOCKER_UNAVAILABLE */
  return async function beyondPolicy(container: TerminalContainer): Promise<string[]> {
    if (settings.isOpen) return []
    const folder = deps.folderOf(container)
    const place = { folders: folder === null ? [] : [posix.normalize(folder)], allowedPaths: [...settings.allowedPaths], content: '' }
    const found = await modelFindings(modelOf(container), place, await deps.volumes())
    return [...new Set(found.map(({ rule, detail }) => (detail === null ? rule : `${rule} ${detail.slice(0, mostDetail)}`)))]
  }
}
