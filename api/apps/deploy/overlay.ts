import { rename, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'

/** What this program adds to the person's Compose file. It can be deleted without loss: the next deploy writes it again. */
export const overlayFile = 'compose.selfhostly.yaml'
export const overlayDraft = `.${overlayFile}.new`

/** A service that runs another image than the one its name leads to. */
export interface Pin {
  service: string
  image: string
}

const comment = '# Written by Selfhostly: the images that this version ran with. Do not edit: each deploy writes it again or deletes it.\n'

/** Writes the file that pins images, or removes it when there is nothing to pin. */
export async function writeOverlay(directory: string, pins: Pin[]): Promise<void> {
  const file = join(directory, overlayFile)
  if (pins.length === 0) return rm(file, { force: true })
  // A held image has no registry to ask, whatever the person's file says. Both versions of Compose know this word.
  const services = Object.fromEntries(pins.map(({ service, image }) => [service, { image, pull_policy: 'if_not_present' }]))
  const draft = join(directory, overlayDraft)
  await rm(draft, { force: true })
  // `wx` never writes through a link that someone put there.
  await writeFile(draft, comment + stringify({ services }), { flag: 'wx', mode: 0o600 })
  await rename(draft, file)
}

export const hasOverlay = (directory: string): boolean => existsSync(join(directory, overlayFile))
