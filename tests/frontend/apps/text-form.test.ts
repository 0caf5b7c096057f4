import test from 'ava'
import fc from 'fast-check'
import { formOf, shownText, storedText } from '../../../frontend/src/utils/apps/text-form.ts'

/** As an editor whose lines end with a line feed writes it back. */
const written = (text: string): string => storedText(shownText(text), formOf(text))

const pieces = fc.array(fc.constantFrom('\r\n', '\n', '\r', '\uFEFF', 'a: 1', '😀', '  - b', ''), { maxLength: 12 })

test('a text that nobody changed is written back byte for byte', (t) => {
  fc.assert(fc.property(pieces, (parts) => written(parts.join('')) === parts.join('')))
  t.pass()
})

test('an edit of a Windows text keeps its byte order mark and its line endings', (t) => {
  const text = '\uFEFFa: 1\r\nb: 2\r\n'
  t.is(shownText(text), 'a: 1\nb: 2\n')
  t.is(storedText('a: 1\nb: 3\nc: 4\n', formOf(text)), '\uFEFFa: 1\r\nb: 3\r\nc: 4\r\n')
})

test('carriage returns of a text with mixed endings stay where they are', (t) => {
  const text = 'a: 1\r\nb: 2\n'
  t.is(shownText(text), text)
  t.is(storedText('a: 1\r\nb: 3\n', formOf(text)), 'a: 1\r\nb: 3\n')
})
