import type { ContainerInfo, ImageInfo, NetworkInspectInfo, VolumeInspectInfo } from 'dockerode'
import { earliest, latest } from '../bounds.ts'
import { composeLabels, toEngineContainer } from './container-mapping.ts'
import type { ListedContainer, ListedImage, ListedNetwork, ListedVolume } from './engine-things.types.ts'
import type { BuiltImage } from './engine.types.ts'

export function toListedContainer(info: ContainerInfo): ListedContainer {
  const { configFiles: _files, isOneOff: _oneOff, ...container } = toEngineContainer(info)
  return {
    ...container,
    isSteady: null,
    networks: Object.keys(info.NetworkSettings?.Networks ?? {}),
    volumes: (info.Mounts ?? []).flatMap(({ Type, Name }) => (Type === 'volume' && Name ? Name : [])),
  }
}

/** An image without a name has the name `<none>:<none>` in older Engines. */
const isNamed = (name: string): boolean => !name.startsWith('<none>')

export const toListedImage = (info: ImageInfo): ListedImage => ({
  id: info.Id,
  tags: (info.RepoTags ?? []).filter(isNamed),
  digests: (info.RepoDigests ?? []).filter(isNamed),
  sizeBytes: Math.max(0, info.Size),
  createdAt: dateOf(info.Created * 1000) ?? earliest,
})

export function toBuiltImage(info: ImageInfo): BuiltImage {
  const { id, tags, digests, sizeBytes: bytes } = toListedImage(info)
  const labels = info.Labels ?? {}
  return { id, tags, digests, project: labels[composeLabels.project] ?? null, service: labels[composeLabels.service] ?? null, bytes }
}

export const toListedVolume = (info: VolumeInspectInfo & { CreatedAt?: string }): ListedVolume => ({
  name: info.Name,
  driver: info.Driver,
  labels: info.Labels ?? {},
  createdAt: info.CreatedAt ? dateOf(Date.parse(info.CreatedAt)) : null,
})

export const toListedNetwork = (info: NetworkInspectInfo): ListedNetwork => ({
  id: info.Id,
  name: info.Name,
  driver: info.Driver,
  subnets: (info.IPAM?.Config ?? []).flatMap(({ Subnet }) => Subnet ?? []),
  isInternal: info.Internal === true,
  labels: info.Labels ?? {},
  createdAt: dateOf(Date.parse(info.Created)) ?? earliest,
})

/** An Engine with a wildly wrong clock must not produce a date that cannot be displayed. */
function dateOf(ms: number): Date | null {
  const date = new Date(ms)
  return date >= earliest && date <= latest ? date : null
}
