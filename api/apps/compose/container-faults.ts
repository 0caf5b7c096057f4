import { parseImage } from '../../image-reference.ts'
import { isMapping, type Mapping, type Path } from './draft-document.ts'
import { certain, doubtful, isOpen, named, shown, type Fault } from './fault.ts'

/** The image and the places in a container. Both Composes pass them on as they are, and Docker refuses them when the app starts. */
export const containerFaults = (service: Mapping, at: Path): Fault[] => [
  ...imageFaults(service, at),
  ...listOf(service['volumes']).flatMap((entry, index) => volumeFaults(entry, [...at, 'volumes', index])),
  ...listOf(service['tmpfs']).flatMap((entry, index) =>
    placeFaults(String(entry).split(':')[0], Array.isArray(service['tmpfs']) ? [...at, 'tmpfs', index] : [...at, 'tmpfs']),
  ),
  ...placeFaults(service['working_dir'], [...at, 'working_dir']),
]

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : typeof value === 'string' ? [value] : [])

function imageFaults({ image }: Mapping, at: Path): Fault[] {
  if (typeof image !== 'string' || image.trim() === '' || isOpen(image) || parseImage(image.trim())) return []
  const path = [...at, 'image']
  return [certain(path, `${named(path)} is ${shown(image)}, which is no image name. Names are in lower case, such as nginx:1.29`)]
}

function volumeFaults(entry: unknown, path: Path): Fault[] {
  if (isMapping(entry)) return placeFaults(entry['target'], [...path, 'target'])
  if (typeof entry !== 'string' || isOpen(entry)) return []
  if (/^[a-z]:[\\/]/i.test(entry))
    return [
      doubtful(path, `Compose 2 takes "${entry.slice(0, 2)}" in ${shown(entry)} for a Windows drive. Use a name of two or more letters`),
    ]
  const [first = '', second] = entry.split(':')
  return placeFaults(second ?? first, path, entry)
}

/** @param whole what the file says, if the place is only a part of it */
function placeFaults(place: unknown, path: Path, whole?: string): Fault[] {
  if (typeof place !== 'string' || place === '' || isOpen(place) || place.startsWith('/')) return []
  return [certain(path, `${named(path)} is ${shown(whole ?? place)}. The path in the container must start with "/"`)]
}
