import type { ContainerInspectInfo } from 'dockerode'
import type { ContainerRights, ContainerNamespace } from './engine.types.ts'

/** Longer chains of containers that join one another than anyone makes. */
const mostJoined = 8

const modeKeys = {
  pid: 'PidMode',
  ipc: 'IpcMode',
  uts: 'UTSMode',
  userns: 'UsernsMode',
  network: 'NetworkMode',
} as const satisfies Record<ContainerNamespace, keyof ContainerInspectInfo['HostConfig']>

type Inspect = (id: string) => Promise<ContainerInspectInfo | null>

/** The mode of a namespace. One that a container shares with another is as the other has it. */
async function modeOf(info: ContainerInspectInfo, key: ContainerNamespace, inspect: Inspect): Promise<string> {
  let mode = info.HostConfig[modeKeys[key]] ?? ''
  for (let joined = 0; joined < mostJoined; joined += 1) {
    const other = /^container:(.+)$/.exec(mode)?.[1]
    const found = other === undefined ? null : await inspect(other)
    if (!found) return mode
    mode = found.HostConfig[modeKeys[key]] ?? ''
  }
  return mode
}

/** What a container may do beyond a plain one, as the Engine itself says it. */
export async function rightsOf(info: ContainerInspectInfo, inspect: Inspect): Promise<ContainerRights> {
  const host = info.HostConfig
  const modes = Object.keys(modeKeys).map(async (key) => [key, await modeOf(info, key as ContainerNamespace, inspect)] as const)
  // Docker keeps `systempaths=unconfined` only as what it leads to.
  const { MaskedPaths: masked } = host as { MaskedPaths?: unknown }
  const isUnmasked = Array.isArray(masked) && masked.length === 0
  return {
    isPrivileged: host.Privileged ?? false,
    capabilities: (host.CapAdd as string[] | null) ?? [],
    devices: ((host.Devices as { PathOnHost: string }[] | null) ?? []).map(({ PathOnHost: path }) => path),
    deviceRules: (host.DeviceCgroupRules as string[] | null) ?? [],
    deviceRequests: (host.DeviceRequests ?? []).map(({ Driver: driver, Capabilities: wanted }) =>
      [driver, ...(wanted ?? []).flat()].filter(Boolean).join(' '),
    ),
    securityOptions: [...((host.SecurityOpt as string[] | null) ?? []), ...(isUnmasked ? ['systempaths=unconfined'] : [])],
    namespaces: Object.fromEntries(await Promise.all(modes)) as Record<ContainerNamespace, string>,
    mounts: info.Mounts.map(({ Type: type, Name: name, Source: source, Destination: target, RW: isWritable }) => ({
      ...{ type, source: (type as string) === 'volume' ? (name ?? source) : source, target },
      isReadOnly: !isWritable,
    })),
  }
}
