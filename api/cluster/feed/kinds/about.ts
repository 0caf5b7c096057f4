import { z } from 'zod'
import { readNodeAbout } from '../../../wire.ts'
import type { NodeAbout } from '../../members/node-about.ts'
import { readingOf, shaped, type FeedKind } from '../feed-kind.ts'

export interface AboutEvent {
  type: 'about'
  about: NodeAbout
}

/** What a node says about its program, first on every stream. */
export const about: FeedKind<AboutEvent> = {
  read: shaped(z.object({ about: z.unknown() }), ({ about }) =>
    readingOf('about', 'its program data', readNodeAbout(about), (about): AboutEvent => ({ type: 'about', about })),
  ),
  keyOf: () => 'about',
}
