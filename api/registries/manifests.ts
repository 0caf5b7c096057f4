import { z } from 'zod'
import { platformName } from '../image-reference.ts'

/** A multi-platform image is an index: one manifest per platform. */
const indexTypes = ['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json']
const manifestTypes = ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.v2+json']

/** Registries answer with what the caller accepts, and convert the rest into something with another digest. */
export const acceptedManifests = [...indexTypes, ...manifestTypes].join(', ')

export const isIndexType = (contentType: string | null): boolean => indexTypes.includes((contentType ?? '').split(';')[0]?.trim() ?? '')

/** An index has one entry per platform and one attestation for each. */
const mostEntries = 256

const indexAnswer = z.object({
  manifests: z
    .array(
      z.object({
        digest: z.string().max(200),
        platform: z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() }).optional(),
      }),
    )
    .max(mostEntries),
})

/** A digest per platform (`linux/amd64`, `linux/arm/v7`). */
export type IndexEntries = ReadonlyMap<string, string>

/** Null if it is not an index. Attestations, whose platform is `unknown/unknown`, are left out. */
export function readIndex(json: unknown): IndexEntries | null {
  const { data } = indexAnswer.safeParse(json)
  if (!data) return null
  const entries = new Map<string, string>()
  for (const { digest, platform } of data.manifests) {
    if (!platform || platform.os === 'unknown') continue
    const name = platformName(platform.os, platform.architecture, platform.variant)
    if (!entries.has(name)) entries.set(name, digest)
  }
  return entries
}

/** The manifest that Docker takes on this platform: its own variant, else the one without. */
export function entryFor(entries: IndexEntries, platform: string): string | null {
  const [os = '', architecture = ''] = platform.split('/')
  return entries.get(platform) ?? entries.get(platformName(os, architecture)) ?? null
}
