import test from 'ava'
import { sectionsFor, type Command } from '../../../frontend/src/utils/palette/command.ts'
import { fuzzyScore } from '../../../frontend/src/utils/palette/fuzzy.ts'
import { keyCommand } from '../../../frontend/src/utils/palette/keys.ts'

const best = (query: string, texts: string[]): string[] =>
  texts
    .flatMap((text) => ({ text, score: fuzzyScore(query, text) }))
    .filter(({ score }) => score !== undefined)
    .sort((a, b) => (b.score ?? 0) - (a.score ?? 0))
    .map(({ text }) => text)

test('what is typed is found as a whole first, then at the starts of words, then letter by letter', (t) => {
  t.deepEqual(best('next', ['Restart nextcloud', 'nextcloud', 'annex', 'jellyfin']), ['nextcloud', 'Restart nextcloud'])
  t.deepEqual(best('rn', ['Restart nextcloud', 'horn']), ['horn', 'Restart nextcloud'])
  t.deepEqual(best('ha', ['home-assistant', 'jellyfin']), ['home-assistant'])
  t.deepEqual(best('restart cloud', ['Restart nextcloud', 'Restart gitea', 'nextcloud']), ['Restart nextcloud'])
  t.is(fuzzyScore('xyz', 'nextcloud'), undefined)
})

const command = (label: string, given: Partial<Command> = {}): Command => ({
  ...{ id: label, group: 'Apps', label, icon: '', run: () => undefined },
  ...given,
})

test('sections show a few of each, the best first, and suggestions before anything is typed', (t) => {
  const commands = [
    ...Array.from({ length: 20 }, (_, index) => command(`shop-${index}`)),
    command('Stop shop-1', { group: 'Actions' }),
    command('Overview', { group: 'Pages', suggested: true }),
    command('web', { words: 'ghcr.io/shop/api' }),
  ]
  const found = sectionsFor('shop', commands)
  t.deepEqual(
    found.map(({ group, commands: shown }) => [group, shown.length]),
    [
      ['Apps', 6],
      ['Actions', 1],
    ],
  )
  t.deepEqual(
    sectionsFor('ghcr', commands).flatMap((section) => section.commands.map(({ label }) => label)),
    ['web'],
  )
  t.deepEqual(
    sectionsFor('  ', commands).flatMap((section) => section.commands.map(({ label }) => label)),
    ['Overview'],
  )
  t.deepEqual(sectionsFor('no such thing', commands), [])
})

const press = (key: string, more: { ctrlKey?: boolean; metaKey?: boolean; altKey?: boolean } = {}) => ({
  ...{ key, ctrlKey: false, metaKey: false, altKey: false },
  ...more,
})

test('keys stay out of the way of typing, and only the palette opens over it', (t) => {
  t.deepEqual(keyCommand(press('k', { ctrlKey: true }), { typing: true }), { kind: 'palette' })
  t.deepEqual(keyCommand(press('K', { metaKey: true }), { typing: false }), { kind: 'palette' })
  for (const key of ['?', '/', 'g']) t.is(keyCommand(press(key), { typing: true }), undefined)
  t.deepEqual(keyCommand(press('?'), { typing: false }), { kind: 'keys' })
  t.is(keyCommand(press('?', { altKey: true }), { typing: false }), undefined)
  t.is(keyCommand(press('g', { ctrlKey: true }), { typing: false }), undefined)
})

test('a page is two keys away', (t) => {
  t.deepEqual(keyCommand(press('g'), { typing: false }), { kind: 'wait' })
  t.deepEqual(keyCommand(press('a'), { typing: false, after: 'g' }), { kind: 'go', to: '/apps' })
  t.is(keyCommand(press('a'), { typing: false }), undefined)
  t.is(keyCommand(press('z'), { typing: false, after: 'g' }), undefined)
})
